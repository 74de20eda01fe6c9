/**
 * Rules between links and subdevices: a reference has a target, a link serves each subdevice, and at least one is served.
 * A file may have 10,000 subdevices on some hundred links, and the running gateway checks such a file too: what several
 * rules read is collected once for all subdevices. Pure.
 */
import { DRIVERS, driverNamed } from '../driver/drivers.ts';
import type { ListedSubdevice } from '../driver/link-driver.ts';
import type { GatewaySection, LinkSection, SubdeviceSection } from './keys.ts';
import { applyRules, whereKnown } from './kinds/known.ts';
import { type Placed, placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';
import type { Sections } from './sections.ts';

export function servingProblems(sections: Sections): Problem[] {
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
  const configured = new ConfiguredSubdevices(subdevices);
  const listed = links.flatMap((link) => whereKnown(() => allowListProblems(link, configured, sections.gateway)));
  // A wrong id in a list also leaves the intended subdevice without a link.
  const rules = [tiedLinkProblems, idleKeyProblems, ...(listed.length > 0 ? [] : [unservedProblems])];
  const serving = new ServingLinks(links);
  return [...listed, ...subdevices.flatMap((subdevice) => applyRules(rules, subdevice, serving))];
}

/** Subdevices by id. An id is read when the search comes to it, so an unknown id hides only what is after it. */
class ConfiguredSubdevices {
  readonly #subdevices: readonly Placed<SubdeviceSection>[];
  readonly #byId = new Map<string, SubdeviceSection>();
  #readCount = 0;

  constructor(subdevices: readonly Placed<SubdeviceSection>[]) {
    this.#subdevices = subdevices;
  }

  /** Returns the first subdevice with this id. */
  find(id: string): SubdeviceSection | undefined {
    for (;;) {
      const known = this.#byId.get(id);
      const next = this.#subdevices[this.#readCount];
      if (known !== undefined || next === undefined) return known;
      const { section } = next;
      if (!this.#byId.has(section.id)) this.#byId.set(section.id, section);
      this.#readCount += 1;
    }
  }
}

/** Links with the ids that they list. A link with a key of unknown value is read, and throws, at each use. */
class ServingLinks {
  readonly all: readonly Placed<LinkSection>[];
  readonly #listed = new Map<LinkSection, ReadonlySet<string>>();
  #byName: Map<string, Placed<LinkSection>[]> | undefined;
  /** Ids on the first links, as many as were read. */
  readonly #served = new Set<string>();
  #readCount = 0;

  constructor(links: readonly Placed<LinkSection>[]) {
    this.all = links;
  }

  /** Links that may serve a subdevice. */
  candidatesFor({ link: name }: SubdeviceSection): readonly Placed<LinkSection>[] {
    if (name === undefined) return this.all;
    this.#byName ??= Map.groupBy(this.all, ({ section }) => section.name);
    return this.#byName.get(name) ?? [];
  }

  /** Returns whether one of the links that may serve a subdevice serves it. Links are read until one does. */
  isServed(section: SubdeviceSection): boolean {
    const { id, link } = section;
    if (link !== undefined)
      return this.candidatesFor(section).some((one) => this.#idsOn(one).has(id) || this.#isOpen(one));
    for (;;) {
      const next = this.all[this.#readCount];
      if (this.#served.has(id) || next === undefined) return this.#served.has(id);
      if (this.#isOpen(next)) return true;
      for (const one of this.#idsOn(next)) this.#served.add(one);
      this.#readCount += 1;
    }
  }

  /** Returns whether a link serves every subdevice, because it lists none. */
  #isOpen(link: Placed<LinkSection>): boolean {
    return this.#idsOn(link).size === 0 && driverNamed(link.section.driver).servesUnlisted;
  }

  #idsOn(link: Placed<LinkSection>): ReadonlySet<string> {
    const known = this.#listed.get(link.section);
    if (known !== undefined) return known;
    const ids = new Set(listedOn(link).map(({ id }) => id));
    this.#listed.set(link.section, ids);
    return ids;
  }
}

/** Keys of a driver that a section has. */
export function presentKeys(section: Readonly<Record<string, unknown>>, keys: readonly string[]): string[] {
  return keys.flatMap((key) => whereKnown(() => (section[key] === undefined ? [] : [key])));
}

/**
 * Reports keys of a driver that does not serve the subdevice on any link.
 * @param links all links
 */
function idleKeyProblems({ path, section }: Placed<SubdeviceSection>, links: ServingLinks): Problem[] {
  const ofDrivers = DRIVERS.map((driver) => ({
    driver,
    keys: presentKeys(section, Object.keys(driver.subdeviceKeys)),
  }));
  const present = ofDrivers.filter(({ keys }) => keys.length > 0);
  if (present.length === 0) return [];
  const candidates = links.candidatesFor(section);
  if (candidates.length === 0) return [];
  const idle = present.filter(({ driver }) => !candidates.some((link) => link.section.driver === driver.name));
  return idle.flatMap(({ driver: { name, protocol }, keys }) =>
    keys.map((key) => ({
      path: `${path}.${key}`,
      what: `has no effect: no link with driver "${name}" can serve this subdevice`,
      hint: `Remove this key: only subdevices that use ${protocol} have it.`,
    })),
  );
}

function tiedLinkProblems({ path, section }: Placed<SubdeviceSection>, links: ServingLinks): Problem[] {
  if (section.link === undefined || links.candidatesFor(section).length > 0) return [];
  const names = links.all.map((link) => link.section.name).join(', ');
  return [{ path: `${path}.link`, what: `is "${section.link}", but no link has that name`, hint: `Links: ${names}.` }];
}

/** Ids that a link lists, each with its path. */
function listedOn({ path, section }: Placed<LinkSection>): readonly ListedSubdevice[] {
  return driverNamed(section.driver).listed(section, path);
}

function allowListProblems(
  link: Placed<LinkSection>,
  subdevices: ConfiguredSubdevices,
  gateway: GatewaySection,
): Problem[] {
  const { name, subdevices: ids } = link.section;
  const firstAt = new Map(ids.map((id, index) => [id, index] as const).reverse());
  return listedOn(link).flatMap(({ path: place, id }, index) => {
    const listed = subdevices.find(id);
    if ((firstAt.get(id) ?? index) < index) {
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
function unservedProblems({ path, section }: Placed<SubdeviceSection>, links: ServingLinks): Problem[] {
  const candidates = links.candidatesFor(section);
  if (candidates.length === 0 || links.isServed(section)) return [];
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
