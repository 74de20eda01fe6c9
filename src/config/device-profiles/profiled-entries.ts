/**
 * Entries of links that use a device profile: their keys and points in the place of the file, and the way back for
 * problems. Pure.
 *
 *     file ─▶ keys of the profile below those of the entry; each point of the file with the keys of its namesake
 *          ─▶ sections: the other points of the profile are added, shared by all entries ─▶ rules
 *
 * Invariant: the points of an entry keep their place in the file until the schema has read them, so a path of the schema
 * is one of the file. A profile that cannot be used hides no mistake of the entry, and causes none.
 */
import { PROFILE_ID } from '../kinds/key-kinds.ts';
import { whereKnown } from '../kinds/known.ts';
import type { Problem } from '../kinds/problem.ts';
import type { Sections } from '../sections.ts';
import { nearestWord } from '../suggestion.ts';
import { isTable, type TomlTable } from '../toml.ts';
import type { AttachedProfiles } from './attached-profiles.ts';
import type { DeviceProfile } from './device-profile.ts';
import { readProfile } from './profile-file.ts';
import { profiledDriver } from './profile-keys.ts';

interface ProfiledEntry {
  readonly link: number;
  readonly index: number;
  readonly id: string;
  /** `undefined`: the profile cannot be used. */
  readonly profile: DeviceProfile | undefined;
  /** Names of the points in the file, by their place. */
  readonly names: readonly unknown[];
  /** Names of the points that are taken from the profile; `undefined`: all. */
  readonly chosen: readonly unknown[] | undefined;
  /** Place in the file of each point in the section, or the name of a point of the profile. */
  origins: readonly (number | string)[];
}

export class ProfiledEntries {
  /** Tables of the file, with the keys of the profiles. */
  readonly file: TomlTable;
  /** Problems of the files of the profiles, and of references to profiles. */
  readonly problems: Problem[] = [];
  readonly #terms = profiledDriver().terms;
  readonly #attached: AttachedProfiles;
  readonly #profiles = new Map<string, DeviceProfile | undefined>();
  readonly #entries = new Map<string, ProfiledEntry>();

  /** @param file tables of the file as it is; @param attached files of the profiles that it uses */
  constructor(file: TomlTable, attached: AttachedProfiles) {
    this.#attached = attached;
    const { driver } = profiledDriver();
    const { link: links } = file;
    const isProfiled = (link: unknown): link is TomlTable => isTable(link) && link.driver === driver;
    const withKeys = Array.isArray(links)
      ? links.map((link: unknown, index) => (isProfiled(link) ? this.#linkWithKeys(link, index) : link))
      : links;
    this.file = this.#entries.size === 0 ? file : { ...file, link: withKeys };
  }

  /** Adds the points of the profiles to the sections. */
  fillIn(sections: Pick<Sections, 'links'>): void {
    const { list, inner } = this.#terms;
    for (const entry of this.#entries.values())
      whereKnown(() => {
        const entries = sections.links[entry.link]?.[list];
        const section: unknown = Array.isArray(entries) ? entries[entry.index] : undefined;
        if (!isTable(section) || entry.profile === undefined) return [];
        const { origins, points } = joined(entry, entry.profile, section[inner]);
        entry.origins = origins;
        Object.assign(section, { [inner]: points });
        return [];
      });
  }

  /** Problems of the schema. A key that a profile may have is not missing if the profile cannot be used. */
  ofKeys(problems: readonly Problem[]): Problem[] {
    const { inner } = this.#terms;
    const unnamed = new Set<string>();
    return problems.flatMap((problem) => {
      const [, place = '', at = '', key] = this.#innerPath().exec(problem.path) ?? [];
      const entry = this.#entries.get(place);
      if (entry === undefined || problem.what !== 'is missing' || key === '.name') return [problem];
      if (entry.profile === undefined) return [];
      const name = entry.names[Number(at)];
      if (typeof name !== 'string') return [problem];
      const path = `${place}.${inner}[${at}].name`;
      if (unnamed.has(path)) return [];
      unnamed.add(path);
      return [notInProfile(path, name, entry.profile, 'Write table and address for a point of its own.')];
    });
  }

  /** Problems of the rules, in the places of the file. */
  ofRules(problems: readonly Problem[]): Problem[] {
    const reported = new Set<string>();
    return problems.flatMap((problem) => {
      const [, place = '', at = '', key = ''] = this.#innerPath().exec(problem.path) ?? [];
      const entry = this.#entries.get(place);
      const what = problem.what.replace(this.#innerPath(), (whole) => this.#inFile(whole));
      const origin = entry?.origins[Number(at)];
      if (entry === undefined || typeof origin !== 'string')
        return [{ ...problem, path: this.#inFile(problem.path), what }];
      // the point is valid alone, and does not fit to the entry: one example is enough
      const same = `${place} ${key} ${what}`;
      if (reported.has(same)) return [];
      reported.add(same);
      return [
        {
          path: `${place}.${this.#terms.idKey}`,
          what: `is "${entry.id}", and ${key.slice(1)} of its ${this.#terms.inner} ${origin} ${what}`,
          hint: problem.hint,
        },
      ];
    });
  }

  /** Path of an inner entry at the beginning of a text, or in it: entry, place, and the rest of the path. */
  #innerPath(): RegExp {
    const { list, inner } = this.#terms;
    return new RegExp(`(link\\[\\d+\\]\\.${list}\\[\\d+\\])\\.${inner}\\[(\\d+)\\](\\.\\w+)?`);
  }

  #inFile(path: string): string {
    return path.replace(this.#innerPath(), (whole, place: string, at: string, key = '') => {
      const origin = this.#entries.get(place)?.origins[Number(at)];
      return typeof origin === 'number' ? `${place}.${this.#terms.inner}[${origin}]${key}` : whole;
    });
  }

  #linkWithKeys(link: TomlTable, index: number): TomlTable {
    const { list } = this.#terms;
    const { [list]: entries } = link;
    if (!Array.isArray(entries)) return link;
    const withKeys = entries.map((entry: unknown, at) =>
      isTable(entry) ? this.#withKeys(entry, `link[${index}].${list}[${at}]`, { link: index, index: at }) : entry,
    );
    return { ...link, [list]: withKeys };
  }

  #withKeys(entry: TomlTable, place: string, where: Pick<ProfiledEntry, 'link' | 'index'>): TomlTable {
    const { idKey, chosenKey, inner } = this.#terms;
    const { [idKey]: id, [chosenKey]: chosen, [inner]: points } = entry;
    if (typeof id !== 'string' || !PROFILE_ID.safeParse(id).success) return entry;
    const profile = this.#profileOf(id, `${place}.${idKey}`);
    const written = Array.isArray(points) ? points : [];
    const names = written.map((point: unknown) => (isTable(point) ? point.name : undefined));
    const choice = Array.isArray(chosen) ? chosen : undefined;
    this.#entries.set(place, { ...where, id, profile, names, chosen: choice, origins: [] });
    if (profile === undefined) return entry;
    this.problems.push(...choiceProblems(choice ?? [], `${place}.${chosenKey}`, profile));
    const withKeys = written.map((point: unknown) => {
      if (!isTable(point)) return point;
      const keys = typeof point.name === 'string' ? profile.points.get(point.name)?.written : undefined;
      return { ...keys, ...point };
    });
    return { ...profile.keys, ...entry, [inner]: Array.isArray(points) ? withKeys : points };
  }

  /** Reads a profile once for all its entries, and reports its problems once. */
  #profileOf(id: string, path: string): DeviceProfile | undefined {
    const { profiles } = this.#attached;
    // an id such as constructor is no member of its own
    const text = Object.hasOwn(profiles, id) ? profiles[id] : undefined;
    if (text === undefined) {
      const similar = nearestWord(id, this.#attached.known ?? []);
      const hint =
        similar === undefined ? 'The ids are shown by: holdfast profiles list' : `Did you mean "${similar}"?`;
      this.problems.push({ path, what: `is "${id}", and no device profile has that id`, hint });
      return undefined;
    }
    if (!this.#profiles.has(id)) {
      const { profile, problems } = readProfile(text, id);
      this.#profiles.set(id, profile);
      this.problems.push(...problems);
    }
    return this.#profiles.get(id);
  }
}

/** Points of the profile, in its order and with the keys of the file, then the additional points of the file. */
function joined(
  { names, chosen }: ProfiledEntry,
  profile: DeviceProfile,
  read: unknown,
): { readonly points: readonly unknown[]; readonly origins: readonly (number | string)[] } {
  const own = Array.isArray(read) ? read : [];
  const isTaken = (name: string): boolean => chosen === undefined || chosen.includes(name) || names.includes(name);
  const taken = [...profile.points.keys()].filter(isTaken);
  const origins = taken.map((name) => (names.includes(name) ? names.indexOf(name) : name));
  const others = own.map((_, place) => place).filter((place) => !origins.includes(place));
  const all = [...origins, ...others];
  return {
    origins: all,
    points: all.map((origin) => (typeof origin === 'number' ? own[origin] : profile.points.get(origin)?.point)),
  };
}

function choiceProblems(chosen: readonly unknown[], path: string, profile: DeviceProfile): Problem[] {
  return chosen.flatMap((name, index) =>
    typeof name !== 'string' || profile.points.has(name)
      ? []
      : [notInProfile(`${path}[${index}]`, name, profile, `Its points: holdfast profiles check ${profile.head.id}`)],
  );
}

function notInProfile(path: string, name: string, { head, points }: DeviceProfile, otherwise: string): Problem {
  const similar = nearestWord(name, [...points.keys()]);
  return {
    path,
    what: `is "${name}", which is no point of profile "${head.id}"`,
    hint: similar === undefined ? otherwise : `Did you mean "${similar}"?`,
  };
}
