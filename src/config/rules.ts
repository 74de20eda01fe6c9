/**
 * What must hold between keys: unique names, references that lead somewhere, and somebody to serve. The rules of the
 * hub section are in `hub-rules.ts`.
 *
 * A rule looks only at sections that were readable, so each problem is said once.
 */
import { filterProblem } from '../base/topic.ts';
import { DRIVERS, driverNamed } from '../driver/drivers.ts';
import type { ListedSubdevice } from '../driver/link-driver.ts';
import { hubProblems, identityProblems } from './hub/hub-rules.ts';
import type { LinkSection, SubdeviceSection } from './keys.ts';
import { duplicates, type Placed, placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';
import type { Sections } from './sections.ts';

/** Drivers tell subdevices apart by them: each is unique. */
const SUBDEVICE_KEYS = DRIVERS.flatMap(({ subdeviceKeys }) => Object.keys(subdeviceKeys));

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
    ...SUBDEVICE_KEYS.flatMap((key) =>
      duplicates(
        subdevices.filter(({ section }) => section[key] !== undefined),
        key,
        (subdevice) => String(subdevice[key]),
      ),
    ),
    ...links.flatMap(foreignKeyProblems),
    ...links.flatMap(({ path, section }) => driverNamed(section.driver).problems(section, path)),
    // Whoever is missing from a broken list may be the very one that is referred to.
    ...(isWhole ? referenceProblems(sections, links, subdevices) : []),
  ];
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

/** Keys of another driver: whoever wrote them there expects something. */
function foreignKeyProblems({ path, section }: Placed<LinkSection>): Problem[] {
  const foreign = DRIVERS.filter(({ name }) => name !== section.driver);
  return foreign.flatMap(({ name, keys }) =>
    Object.keys(keys)
      .filter((key) => section[key] !== undefined)
      .map((key) => ({
        path: `${path}.${key}`,
        what: `means nothing to driver "${section.driver}"`,
        hint: `Remove it, or write driver = "${name}" in the link.`,
      })),
  );
}

/** Keys of a driver that serves the subdevice on no link. @param links all there are */
function idleKeyProblems(
  { path, section }: Placed<SubdeviceSection>,
  links: readonly Placed<LinkSection>[],
): Problem[] {
  const candidates = links.filter((link) => section.link === undefined || section.link === link.section.name);
  const idle = DRIVERS.filter(({ name }) => !candidates.some((link) => link.section.driver === name));
  if (candidates.length === 0) return [];
  return idle.flatMap(({ name, protocol, subdeviceKeys }) =>
    Object.keys(subdeviceKeys)
      .filter((key) => section[key] !== undefined)
      .map((key) => ({
        path: `${path}.${key}`,
        what: `means nothing: no link of driver "${name}" may serve it`,
        hint: `Remove it: it is for subdevices that speak ${protocol}.`,
      })),
  );
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
        what: 'is missing, so no subdevice would be served',
        hint: 'Add a [[subdevice]] with its id for each device on the links.',
      },
    ];
  }
  const tied = subdevices.flatMap((subdevice) => tiedLinkProblems(subdevice, links));
  const listed = links.flatMap((link) => allowListProblems(link, subdevices, takesAnyone));
  const idle = subdevices.flatMap((subdevice) => idleKeyProblems(subdevice, links));
  const unserved = subdevices.flatMap((subdevice) => unservedProblems(subdevice, links));
  return [...tied, ...listed, ...idle, ...unserved];
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

/** Ids that a link lists, each with its path. */
function listedOn({ path, section }: Placed<LinkSection>): readonly ListedSubdevice[] {
  return driverNamed(section.driver).listed(section, path);
}

function allowListProblems(
  link: Placed<LinkSection>,
  subdevices: readonly Placed<SubdeviceSection>[],
  takesAnyone: boolean,
): Problem[] {
  const { name, subdevices: ids } = link.section;
  return listedOn(link).flatMap(({ path: place, id }, index) => {
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
    return ids.includes(section.id) || (ids.length === 0 && driverNamed(link.section.driver).servesUnlisted);
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
