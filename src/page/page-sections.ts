/** Sections of a page, in their order. */
import { type Markup, markupText } from './markup.ts';
import type { PageContent, PageSection } from './page-content.ts';
import { chartSection } from './sections/chart-section.ts';
import { conditionSection } from './sections/condition-section.ts';
import { eventSection } from './sections/event-section.ts';
import { firmwareSection } from './sections/firmware-section.ts';
import { hubSection } from './sections/hub-section.ts';
import { ledgerSection } from './sections/ledger-section.ts';
import { linkSection } from './sections/link-section.ts';
import { subdeviceSection } from './sections/subdevice-section.ts';
import { missingSection, versionSection } from './sections/version-section.ts';

export interface SectionOptions {
  /** Time that charts and events cover, e.g. `last 7 days`. */
  readonly period: string;
  /** Address of the page of a link; absent: links have no pages. */
  readonly linkPage?: (name: string) => string;
  /** Returns the markup of an earlier rendering if the input is the same object; absent: everything is rendered. */
  readonly rendered?: Rendered;
}

/** @param id id of the section @param input part of the content that the section shows */
export type Rendered = (id: string, input: unknown, render: () => string) => string;

/** Sections of the live page, each replaced by its id: always the same ones, and that of firmware if there are updates. */
export function sectionsOf(content: PageContent, options: SectionOptions): PageSection[] {
  const { period, linkPage, rendered = (_id, _input, render) => render() } = options;
  const { status, history, ledger, events, subdevices, firmware } = content;
  const section = (id: string, title: string, input: unknown, markup: () => Markup): PageSection => ({
    id,
    title,
    markup: rendered(id, input, () => markupText(markup())),
  });
  return [
    section('conditions', 'Conditions', status, () => conditionSection(content)),
    section('hub', 'Hub and queues', status, () => hubSection(content)),
    section('charts', `Charts, ${period}`, history, () => chartSection(content)),
    section('links', 'Links', status, () => linkSection(content, linkPage)),
    section('subdevices', 'Subdevices', subdevices, () => subdeviceSection(content)),
    ...(hasUpdates(content) ? [section('firmware', 'Firmware', firmware, () => firmwareSection(content))] : []),
    section('ledger', 'Ledger', ledger, () => ledgerSection(content)),
    section('events', `Events, ${period}`, events, () => eventSection(content)),
    section('versions', 'Versions and machine', status, () => versionSection(content)),
  ];
}

function hasUpdates({ firmware }: PageContent): boolean {
  return firmware?.subdevices.some(({ update }) => update !== null) === true;
}

/** Sections that need a running gateway. */
const LIVE = new Set(['conditions', 'hub', 'links']);

/** Sections of a report: without those that a gateway which does not run cannot fill, and with the reasons. */
export function reportSections(content: PageContent, period: string): PageSection[] {
  const sections = sectionsOf(content, { period }).filter(({ id }) => content.status !== null || !LIVE.has(id));
  if (content.missing.length === 0) return sections;
  const markup = markupText(missingSection(content));
  return [{ id: 'missing', title: 'Missing in this page', markup }, ...sections];
}
