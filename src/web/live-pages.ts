/**
 * Live pages in their present state. Each part of a page has the number of the state in which it changed, so that a
 * browser gets only the parts that changed since the state it has. All browsers share one reading and one rendering.
 */
import { Fault } from '../base/fault.ts';
import { markupText } from '../page/markup.ts';
import type { PageContent, PageSection } from '../page/page-content.ts';
import { verdictText } from '../page/page-document.ts';
import { sectionsOf } from '../page/page-sections.ts';
import { PERIODS, type PeriodName } from '../page/period.ts';
import { linkFacts } from '../page/sections/link-section.ts';
import type { PageSource } from './page-source.ts';

/** Page that can be shown: the overview of a period, or a link. */
export type PageChoice =
  | { readonly kind: 'overview'; readonly period: PeriodName }
  | { readonly kind: 'link'; readonly name: string };

/** Element of a page whose content is replaced when it changes. */
export interface PagePart {
  /** Id of the element. */
  readonly element: string;
  readonly markup: string;
  /** State in which the content changed. */
  readonly changedIn: number;
}

export interface PageState {
  /** Number of this state; it grows. */
  readonly state: number;
  readonly madeAtMs: number;
  readonly gateway: string;
  readonly sections: readonly PageSection[];
  readonly verdict: string;
  readonly parts: readonly PagePart[];
}

/** Shortest time between two readings of a page, ms. */
const FRESH_MS = 1500;

interface Kept {
  readonly atMs: number;
  readonly state: Promise<PageState>;
}

export class LivePages {
  readonly #source: PageSource;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #parts = new Map<string, ReadonlyMap<string, PagePart>>();
  readonly #rendered = new Map<string, { readonly input: unknown; readonly markup: string }>();
  /** Begins at the time, so that a state of an earlier process is older than all states of this one. */
  #state = Date.now();

  constructor(source: PageSource, nowMs: () => number) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /** @returns `undefined`: there is no such page */
  async page(choice: PageChoice): Promise<PageState | undefined> {
    const key = choice.kind === 'overview' ? `period ${choice.period}` : `link ${choice.name}`;
    if (choice.kind === 'link' && !(await this.#hasLink(choice.name))) return undefined;
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#nowMs() - kept.atMs < FRESH_MS) return await kept.state;
    const state = this.#read(key, choice);
    this.#kept.set(key, { atMs: this.#nowMs(), state });
    return await state;
  }

  /** A link is unknown only if the gateway answers and does not list it. */
  async #hasLink(name: string): Promise<boolean> {
    const status = await this.#source.status();
    if (status instanceof Fault) return this.#parts.has(`link ${name}`);
    return status.links.some((link) => link.name === name);
  }

  async #read(key: string, choice: PageChoice): Promise<PageState> {
    const content = await this.#source.content(PERIODS[choice.kind === 'overview' ? choice.period : 'hour']);
    const sections =
      choice.kind === 'overview' ? this.#overview(key, content, choice.period) : linkPage(content, choice);
    const verdict = verdictText(content);
    const parts = this.#changed(key, [
      ['verdict', verdict],
      ...sections.map(({ id, markup }) => [`${id}-content`, markup] as const),
    ]);
    const { madeAtMs, gateway } = content;
    return { state: this.#state, madeAtMs, gateway: gateway ?? '', sections, verdict, parts };
  }

  #overview(key: string, content: PageContent, period: PeriodName): PageSection[] {
    return sectionsOf(content, {
      period: PERIODS[period].words,
      linkPage: (name) => `/links/${encodeURIComponent(name)}`,
      rendered: (id, input, render) => {
        const place = `${key} ${id}`;
        const known = this.#rendered.get(place);
        if (known !== undefined && known.input === input && input !== null) return known.markup;
        const markup = render();
        this.#rendered.set(place, { input, markup });
        return markup;
      },
    });
  }

  #changed(key: string, contents: readonly (readonly [element: string, markup: string])[]): PagePart[] {
    const before = this.#parts.get(key);
    this.#state += 1;
    const parts = contents.map(([element, markup]) => {
      const known = before?.get(element);
      return known?.markup === markup ? known : { element, markup, changedIn: this.#state };
    });
    this.#parts.set(key, new Map(parts.map((part) => [part.element, part])));
    return parts;
  }
}

function linkPage({ status }: PageContent, { name }: { readonly name: string }): PageSection[] {
  const link = status?.links.find((one) => one.name === name);
  const markup = link === undefined ? '<p>The gateway does not answer.</p>' : markupText(linkFacts(link));
  return [{ id: 'facts', title: `Link ${name}`, markup }];
}
