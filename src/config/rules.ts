/**
 * What must hold between keys: unique names, references that lead somewhere, and somebody to serve. The rules of the
 * hub section are in `hub-rules.ts`.
 *
 * A rule looks only at sections that were readable, so each problem is said once.
 */
import { filterProblem, topicProblem } from '../base/topic.ts';
import { hubProblems, identityProblems } from './hub/hub-rules.ts';
import type { LinkSection, SubdeviceSection } from './keys.ts';
import { linesProblems } from './lines/lines-rules.ts';
import type { UnitSection } from './modbus/modbus-keys.ts';
import { unitProblems } from './modbus/modbus-units.ts';
import { mqttsnProblems, nodeProblems } from './mqttsn/mqttsn-rules.ts';
import type { Problem } from './schema.ts';
import type { Sections } from './sections.ts';

/** A section of a list with its path. */
interface Placed<Section> {
  readonly path: string;
  readonly section: Section;
}

export function ruleProblems(sections: Sections): Problem[] {
  const links = placed('link', sections.links);
  const subdevices = placed('subdevice', sections.subdevices);
  const isWhole = links.length === sections.links.length && subdevices.length === sections.subdevices.length;
  return [
    ...hubProblems(sections),
    ...identityProblems(sections.hub, subdevices),
    ...alarmTopicProblems(sections),
    ...duplicates(links, 'name', (link) => link.name),
    ...duplicates(links, 'path', (link) => link.path),
    ...duplicates(subdevices, 'id', (subdevice) => subdevice.id),
    ...links.flatMap(reservedNameProblems),
    ...duplicates(
      subdevices.filter(({ section }) => section.node_id !== undefined),
      'node_id',
      (subdevice) => subdevice.node_id ?? '',
    ),
    ...links.flatMap(predefinedTopicProblems),
    ...links.flatMap(({ path, section }) => mqttsnProblems(section, path)),
    ...links.flatMap(({ path, section }) => unitProblems(section, path)),
    ...links.flatMap(({ path, section }) => uniqueUnitProblems(placed(`${path}.unit`, section.unit))),
    ...links.flatMap(({ path, section }) => linesProblems(section, path)),
    // Whoever is missing from a broken list may be the very one that is referred to.
    ...(isWhole ? referenceProblems(sections, links, subdevices) : []),
  ];
}

function placed<Section>(list: string, sections: readonly (Section | undefined)[]): Placed<Section>[] {
  return sections.flatMap((section, index) => (section === undefined ? [] : [{ path: `${list}[${index}]`, section }]));
}

function duplicates<Section>(
  list: readonly Placed<Section>[],
  key: string,
  keyValue: (section: Section) => string,
): Problem[] {
  const firstPath = new Map<string, string>();
  return list.flatMap(({ path, section }) => {
    const value = keyValue(section);
    const first = firstPath.get(value);
    if (first === undefined) firstPath.set(value, path);
    if (first === undefined) return [];
    return [
      { path: `${path}.${key}`, what: `is "${value}", as ${first}.${key} is`, hint: `Give each its own ${key}.` },
    ];
  });
}

function reservedNameProblems({ path, section }: Placed<LinkSection>): Problem[] {
  if (section.name !== 'hub') return [];
  const hint = 'Choose another name: holdfast trace hub shows the connection to the hub.';
  return [{ path: `${path}.name`, what: 'is "hub", which means the hub itself', hint }];
}

function alarmTopicProblems({ outbox }: Sections): Problem[] {
  const filters = outbox?.alarm_topics ?? [];
  return filters.flatMap((filter, index) => {
    const path = `outbox.alarm_topics[${index}]`;
    const problem = filterProblem(filter);
    if (problem !== undefined)
      return [
        { path, what: `is no topic filter: ${problem.problem}`, hint: 'Write it as a subdevice would subscribe.' },
      ];
    if (filters.indexOf(filter) === index) return [];
    return [{ path, what: `is "${filter}" once more`, hint: 'Remove it.' }];
  });
}

function predefinedTopicProblems({ path, section }: Placed<LinkSection>): Problem[] {
  const topics = (section.predefined_topics ?? []).map((topic, index) => ({
    path: `${path}.predefined_topics[${index}]`,
    section: topic,
  }));
  const unusable = topics.flatMap((topic) => {
    const problem = topicProblem(topic.section.topic);
    if (problem === undefined) return [];
    return [
      {
        path: `${topic.path}.topic`,
        what: `is a ${problem.problem}`,
        hint: 'Write the one topic that the id stands for.',
      },
    ];
  });
  return [...duplicates(topics, 'id', (topic) => String(topic.id)), ...unusable];
}

function uniqueUnitProblems(units: readonly Placed<UnitSection>[]): Problem[] {
  return [
    ...duplicates(units, 'id', (unit) => unit.id),
    ...duplicates(units, 'address', (unit) => String(unit.address)),
    ...units.flatMap(({ path, section }) =>
      duplicates(placed(`${path}.point`, section.point), 'name', (point) => point.name),
    ),
  ];
}

function referenceProblems(
  sections: Sections,
  links: readonly Placed<LinkSection>[],
  subdevices: readonly Placed<SubdeviceSection>[],
): Problem[] {
  if (links.length === 0) {
    return [
      {
        path: 'link',
        what: 'is missing',
        hint: 'Add at least one [[link]] with its name and the path of its serial port.',
      },
    ];
  }
  const takesAnyone = sections.gateway?.accept_unknown_subdevices ?? false;
  if (subdevices.length === 0 && !takesAnyone) {
    return [
      {
        path: 'subdevice',
        what: 'is missing, so nobody would be served',
        hint: 'Add a [[subdevice]] with its id for each device on the links.',
      },
    ];
  }
  const tied = subdevices.flatMap((subdevice) => tiedLinkProblems(subdevice, links));
  const listed = links.flatMap((link) => allowListProblems(link, subdevices, takesAnyone));
  const unreachable = subdevices.flatMap(({ path, section }) =>
    nodeProblems(
      section,
      path,
      links.map((link) => link.section),
    ),
  );
  const unserved = subdevices.flatMap((subdevice) => unservedProblems(subdevice, links));
  return [...tied, ...listed, ...unreachable, ...unserved];
}

function tiedLinkProblems(
  { path, section }: Placed<SubdeviceSection>,
  links: readonly Placed<LinkSection>[],
): Problem[] {
  if (section.link === undefined || links.some((link) => link.section.name === section.link)) return [];
  const names = links.map((link) => link.section.name).join(', ');
  return [
    { path: `${path}.link`, what: `is "${section.link}", and no link has that name`, hint: `The links are ${names}.` },
  ];
}

/** The ids a link lists, each with its path: those of its units, with driver modbus; whose lines they are, of a line. */
function listedOn({ path, section }: Placed<LinkSection>): { readonly place: string; readonly id: string }[] {
  const { driver, unit, subdevices, lines } = section;
  if (driver === 'modbus') return unit.map(({ id }, index) => ({ place: `${path}.unit[${index}].id`, id }));
  if (subdevices.length === 0 && lines !== undefined)
    return [{ place: `${path}.lines.subdevice`, id: lines.subdevice }];
  return subdevices.map((id, index) => ({ place: `${path}.subdevices[${index}]`, id }));
}

function allowListProblems(
  link: Placed<LinkSection>,
  subdevices: readonly Placed<SubdeviceSection>[],
  takesAnyone: boolean,
): Problem[] {
  const { name, subdevices: ids } = link.section;
  return listedOn(link).flatMap(({ place, id }, index) => {
    const listed = subdevices.find((subdevice) => subdevice.section.id === id)?.section;
    if (ids.slice(0, index).includes(id)) {
      return [{ path: place, what: `is "${id}" for a second time`, hint: 'Remove it.' }];
    }
    if (listed === undefined) {
      if (takesAnyone) return [];
      return [
        {
          path: place,
          what: `is "${id}", and no [[subdevice]] has that id`,
          hint: 'Correct it, or add the [[subdevice]].',
        },
      ];
    }
    if (listed.link === undefined || listed.link === name) return [];
    return [
      {
        path: place,
        what: `is "${id}", which is tied to link "${listed.link}"`,
        hint: 'Remove it here, or remove `link` from its [[subdevice]].',
      },
    ];
  });
}

/** On some link it must be welcome, or it is configured in vain. */
function unservedProblems(
  { path, section }: Placed<SubdeviceSection>,
  links: readonly Placed<LinkSection>[],
): Problem[] {
  const candidates = links.filter((link) => section.link === undefined || section.link === link.section.name);
  const isServed = candidates.some((link) => {
    const ids = listedOn(link).map(({ id }) => id);
    return ids.includes(section.id) || (ids.length === 0 && link.section.driver !== 'modbus');
  });
  if (isServed || candidates.length === 0) return [];
  return [
    {
      path: `${path}.id`,
      what: `is "${section.id}", which no link serves`,
      hint: 'Add it to `subdevices` of a link, or leave that list empty; on a Modbus line, add its [[link.unit]].',
    },
  ];
}
