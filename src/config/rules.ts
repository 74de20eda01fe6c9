/**
 * Rules across keys: names are unique, references have a target, and at least one subdevice is served. The rules of the
 * hub section are in `hub-rules.ts`.
 */
import { filterProblem } from '../base/topic.ts';
import { DRIVERS, driverNamed } from '../driver/drivers.ts';
import type { ListedSubdevice } from '../driver/link-driver.ts';
import { envelopeProblems } from './envelope-rules.ts';
import { hubProblems, identityProblems } from './hub/hub-rules.ts';
import type { GatewaySection, LinkSection, SubdeviceSection } from './keys.ts';
import { applyRules, whereKnown } from './kinds/known.ts';
import { duplicates, type Placed, placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';
import { metricsProblems } from './metrics-config.ts';
import { remoteProblems } from './remote-rules.ts';
import type { Sections } from './sections.ts';
import { telemetryProblems } from './telemetry-rules.ts';
import { topicTemplateProblems } from './topic-template-rules.ts';
import { webProblems } from './web-config.ts';

/** Keys by which drivers identify subdevices: each value is unique. */
const SUBDEVICE_KEYS = DRIVERS.flatMap(({ subdeviceKeys }) => Object.keys(subdeviceKeys));

export function ruleProblems(sections: Sections): Problem[] {
  return applyRules(RULES, sections);
}

const RULES: readonly ((sections: Sections) => readonly Problem[])[] = [
  hubProblems,
  topicTemplateProblems,
  identityProblems,
  alarmTopicProblems,
  retainTopicProblems,
  ({ web }) => webProblems(web),
  ({ links }) => duplicates(placed('link', links), 'name', (link) => link.name),
  ({ links }) => duplicates(placed('link', links), 'path', (link) => link.path),
  ({ subdevices }) => duplicates(placed('subdevice', subdevices), 'id', (subdevice) => subdevice.id),
  ({ links }) => placed('link', links).flatMap((link) => applyRules(LINK_RULES, link)),
  ({ subdevices }) => SUBDEVICE_KEYS.flatMap((key) => duplicateKeyProblems(subdevices, key)),
  ({ metrics }) => metricsProblems(metrics),
  envelopeProblems,
  telemetryProblems,
  remoteProblems,
  referenceProblems,
];

const LINK_RULES: readonly ((link: Placed<LinkSection>) => readonly Problem[])[] = [
  reservedNameProblems,
  ineffectiveKeyProblems,
  ({ path, section }) => driverNamed(section.driver).problems(section, path),
];

function duplicateKeyProblems(subdevices: readonly SubdeviceSection[], key: string): Problem[] {
  return duplicates(placed('subdevice', subdevices), key, (subdevice) =>
    subdevice[key] === undefined ? undefined : String(subdevice[key]),
  );
}

function reservedNameProblems({ path, section }: Placed<LinkSection>): Problem[] {
  if (section.name !== 'hub') return [];
  const hint = 'Choose another name: in commands such as holdfast trace, hub is the connection to the hub.';
  return [{ path: `${path}.name`, what: 'is "hub", which is a reserved name', hint }];
}

function alarmTopicProblems({ outbox }: Sections): Problem[] {
  return filterListProblems('outbox.alarm_topics', outbox.alarm_topics);
}

/** Rules of the filters of retained uplinks, in the outbox section and in links. */
function retainTopicProblems({ hub, outbox, links }: Sections): Problem[] {
  const lists = [
    { path: 'outbox.retain_topics', filters: outbox.retain_topics },
    ...placed('link', links).map(({ path, section }) => ({
      path: `${path}.retain_topics`,
      filters: section.retain_topics ?? [],
    })),
  ];
  return lists.flatMap(({ path, filters }) => {
    const problems = filterListProblems(path, filters);
    if (filters.length === 0 || hub.retain) return problems;
    const hint =
      hub.profile === 'generic'
        ? 'Write retain = true in [hub], or remove this key.'
        : 'Remove this key: the hub does not support RETAIN.';
    return [...problems, { path, what: 'has no effect: hub.retain is false', hint }];
  });
}

function filterListProblems(list: string, filters: readonly string[]): Problem[] {
  return filters.flatMap((filter, index) => {
    const path = `${list}[${index}]`;
    const problem = filterProblem(filter);
    if (problem !== undefined)
      return [{ path, what: `is not a topic filter: ${problem.problem}`, hint: 'Write one such as "+/alarm".' }];
    if (filters.indexOf(filter) === index) return [];
    return [{ path, what: `is "${filter}", which is already in the list`, hint: 'Remove this entry.' }];
  });
}

/** Reports keys of other drivers. Such keys are not ignored, because the author of the file expects an effect. */
function ineffectiveKeyProblems({ path, section }: Placed<LinkSection>): Problem[] {
  const others = DRIVERS.filter(({ name }) => name !== section.driver);
  return others.flatMap(({ name, keys }) =>
    presentKeys(section, keys).map((key) => ({
      path: `${path}.${key}`,
      what: `has no effect with driver "${section.driver}"`,
      hint: `Remove this key, or write driver = "${name}" in the link.`,
    })),
  );
}

/** Keys of a driver that a section has. */
function presentKeys(section: Readonly<Record<string, unknown>>, keys: object): string[] {
  return Object.keys(keys).flatMap((key) => whereKnown(() => (section[key] === undefined ? [] : [key])));
}

/**
 * Reports keys of a driver that does not serve the subdevice on any link.
 * @param links all links
 */
function idleKeyProblems(
  { path, section }: Placed<SubdeviceSection>,
  links: readonly Placed<LinkSection>[],
): Problem[] {
  const candidates = links.filter((link) => section.link === undefined || section.link === link.section.name);
  const idle = DRIVERS.filter(({ name }) => !candidates.some((link) => link.section.driver === name));
  if (candidates.length === 0) return [];
  return idle.flatMap(({ name, protocol, subdeviceKeys }) =>
    presentKeys(section, subdeviceKeys).map((key) => ({
      path: `${path}.${key}`,
      what: `has no effect: no link with driver "${name}" can serve this subdevice`,
      hint: `Remove this key: only subdevices that use ${protocol} have it.`,
    })),
  );
}

function referenceProblems(sections: Sections): Problem[] {
  const links = placed('link', sections.links);
  if (links.length === 0) {
    return [
      {
        path: 'link',
        what: 'is missing',
        hint: 'Add at least one [[link]] with a name and the path of the serial port.',
      },
    ];
  }
  const subdevices = placed('subdevice', sections.subdevices);
  if (subdevices.length === 0 && !sections.gateway.accept_unknown_subdevices) {
    return [
      {
        path: 'subdevice',
        what: 'is missing: no subdevice would be served',
        hint: 'Add a [[subdevice]] with an id for each device on the links.',
      },
    ];
  }
  const listed = links.flatMap((link) => whereKnown(() => allowListProblems(link, subdevices, sections.gateway)));
  // A wrong id in a list also leaves the intended subdevice without a link.
  const rules = [tiedLinkProblems, idleKeyProblems, ...(listed.length > 0 ? [] : [unservedProblems])];
  return [...listed, ...subdevices.flatMap((subdevice) => applyRules(rules, subdevice, links))];
}

function tiedLinkProblems(
  { path, section }: Placed<SubdeviceSection>,
  links: readonly Placed<LinkSection>[],
): Problem[] {
  if (section.link === undefined || links.some((link) => link.section.name === section.link)) return [];
  const names = links.map((link) => link.section.name).join(', ');
  return [{ path: `${path}.link`, what: `is "${section.link}", but no link has that name`, hint: `Links: ${names}.` }];
}

/** Ids that a link lists, each with its path. */
function listedOn({ path, section }: Placed<LinkSection>): readonly ListedSubdevice[] {
  return driverNamed(section.driver).listed(section, path);
}

function allowListProblems(
  link: Placed<LinkSection>,
  subdevices: readonly Placed<SubdeviceSection>[],
  gateway: GatewaySection,
): Problem[] {
  const { name, subdevices: ids } = link.section;
  return listedOn(link).flatMap(({ path: place, id }, index) => {
    const listed = subdevices.find((subdevice) => subdevice.section.id === id)?.section;
    if (ids.slice(0, index).includes(id)) {
      return [{ path: place, what: `is "${id}", which is already in the list`, hint: 'Remove this entry.' }];
    }
    if (listed === undefined) {
      if (gateway.accept_unknown_subdevices) return [];
      return [
        {
          path: place,
          what: `is "${id}", but no [[subdevice]] has that id`,
          hint: 'Correct the id, or add a [[subdevice]] with this id.',
        },
      ];
    }
    if (listed.link === undefined || listed.link === name) return [];
    return [
      {
        path: place,
        what: `is "${id}", which is configured for link "${listed.link}"`,
        hint: 'Remove the id here, or remove `link` from the [[subdevice]].',
      },
    ];
  });
}

/** Reports a subdevice that no link serves. */
function unservedProblems(
  { path, section }: Placed<SubdeviceSection>,
  links: readonly Placed<LinkSection>[],
): Problem[] {
  const candidates = links.filter((link) => section.link === undefined || section.link === link.section.name);
  const isServed = candidates.some((link) => {
    const ids = listedOn(link).map(({ id }) => id);
    return ids.includes(section.id) || (ids.length === 0 && driverNamed(link.section.driver).servesUnlisted);
  });
  if (isServed || candidates.length === 0) return [];
  return [
    {
      path: `${path}.id`,
      what: `is "${section.id}", which no link serves`,
      hint: servingHint(candidates),
    },
  ];
}

/** Returns a hint with the way of each driver that the links use. */
function servingHint(links: readonly Placed<LinkSection>[]): string {
  const byDriver = Map.groupBy(links, ({ section }) => section.driver);
  const ways = [...byDriver].map(
    ([driver, its]) =>
      `Link ${its.map(({ section }) => section.name).join(', ')} (${driver}): ${driverNamed(driver).toServe}.`,
  );
  return `Choose a link, or add one. ${ways.join(' ')}`;
}
