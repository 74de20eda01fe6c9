/**
 * Differences between two valid configurations: the keys whose values differ, and the parts of the gateway that restart
 * with the new values. `holdfast config diff` shows the list, and `holdfast config apply` acts by it. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { driverNamed } from '../driver/drivers.ts';
import { givenByProfile } from './device-profiles/device-profile.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import { effectOf, type KeyEffect } from './key-effects.ts';
import { keyRow, keysOf } from './key-table.ts';
import { type LISTS, NESTED_LISTS, NESTED_TABLES, TABLES } from './keys.ts';
import type { Config, LinkConfig } from './schema.ts';
import type { Sections } from './sections.ts';

export interface ConfigChange {
  /** Place in the file, with the names of entries: `hub.host`, `link[meters].baud_rate`, `subdevice[meter-2]`. */
  readonly key: string;
  readonly change: 'changed' | 'added' | 'removed';
  /** Value of the running gateway in TOML; `null`: not set, or no such entry. */
  readonly old: string | null;
  /** Value of the file in TOML; `null`: not set, or no such entry. */
  readonly new: string | null;
  /** Part of the gateway that restarts; `gateway`: the change needs a restart of the process. */
  readonly restarts: KeyEffect;
  /** Links that restart. */
  readonly links: readonly string[];
}

/** A configuration with the sections of its file. */
export interface LoadedConfig {
  readonly config: Config;
  readonly sections: Sections;
}

type Table = Readonly<Record<string, unknown>>;

/** Changes from the running configuration to the one of the file, in the order of the sections. */
export function changesBetween(running: LoadedConfig, file: LoadedConfig): ConfigChange[] {
  const tables = (Object.keys(TABLES) as (keyof typeof TABLES)[]).flatMap((section) =>
    tableChanges({ section, place: section, links: [] }, tableOf(running, section), tableOf(file, section)),
  );
  const restarted = linksWithOtherMachines(running.config, file.config);
  return [
    ...tables,
    ...entryChanges('link', running.sections.links, file.sections.links, (name) => [name]),
    ...entryChanges('subdevice', running.sections.subdevices, file.sections.subdevices, (id) =>
      restarted.filter((name) => serves(running.config, name, id) || serves(file.config, name, id)),
    ).map(withRestartOfLinks),
    ...entryChanges('shared_topic', running.sections.shared_topics, file.sections.shared_topics, () => []),
  ];
}

/** A change of the list of subdevices restarts the links whose machines read the list. */
function withRestartOfLinks(change: ConfigChange): ConfigChange {
  return change.restarts === 'nothing' && change.links.length > 0 ? { ...change, restarts: 'link' } : change;
}

/** Links that exist in both configurations and restart for a change. */
export function restartedLinks(changes: readonly ConfigChange[]): ReadonlySet<string> {
  return new Set(changes.flatMap(({ restarts, links }) => (restarts === 'link' ? links : [])));
}

/** Table of a section. Keys of the hub that are not written have the defaults of the profile and of other keys. */
function tableOf({ config, sections }: LoadedConfig, section: keyof typeof TABLES): Table {
  const written = Object.entries(sections[section]).filter(([, value]) => value !== undefined);
  if (section !== 'hub') return Object.fromEntries(written);
  const { profile } = sections.hub;
  const own = profile === 'generic' ? { client_id: config.hub.clientId } : {};
  return { ...PROFILE_DEFAULTS[profile], port: config.hub.port, ...own, ...Object.fromEntries(written) };
}

interface TablePlace {
  /** Section of the key table, such as `link.unit`. */
  readonly section: string;
  readonly place: string;
  /** Links that the table belongs to. */
  readonly links: readonly string[];
}

function tableChanges({ section, place, links }: TablePlace, running: Table, fresh: Table): ConfigChange[] {
  return keysOf(section).flatMap((key): ConfigChange[] => {
    const [before, after] = [running[key], fresh[key]];
    if (isDeepStrictEqual(before, after)) return [];
    const inner = `${section}.${key}`;
    const at = `${place}.${key}`;
    if (inner in NESTED_TABLES && isTable(before) && isTable(after))
      return tableChanges({ section: inner, place: at, links }, before, after);
    if (inner in NESTED_LISTS)
      return nestedChanges({ section: inner, place: at, links }, listOf(before), listOf(after));
    const restarts = effectOf(section, key);
    const own = restarts === 'link' ? links : [];
    const old = shownText(section, key, before);
    return [{ key: at, change: 'changed', old, new: shownText(section, key, after), restarts, links: own }];
  });
}

/** Changes of the entries of a list that is inside a link. */
function nestedChanges(
  { section, place, links }: TablePlace,
  old: readonly Table[],
  fresh: readonly Table[],
): ConfigChange[] {
  return pairsOf(old, fresh).flatMap(({ name, before, after }) => {
    const at = `${place}[${name}]`;
    if (before !== undefined && after !== undefined) return tableChanges({ section, place: at, links }, before, after);
    return [entryChange(at, section, [before, after], { restarts: 'link', links })];
  });
}

/** Part that restarts for an entry that is added or removed. */
const ENTRY_EFFECTS: Readonly<Record<keyof typeof LISTS, KeyEffect>> = {
  link: 'link',
  subdevice: 'nothing',
  shared_topic: 'gateway',
};

/** @param linksOf links that belong to the entry of a name */
function entryChanges(
  section: keyof typeof LISTS,
  old: readonly Table[],
  fresh: readonly Table[],
  linksOf: (name: string) => readonly string[],
): ConfigChange[] {
  return pairsOf(old, fresh).flatMap(({ name, before, after }): ConfigChange[] => {
    const place = `${section}[${name}]`;
    const links = linksOf(name);
    if (before !== undefined && after !== undefined) {
      const changed = tableChanges({ section, place, links }, before, after);
      return section === 'subdevice' ? changed.map((change) => ({ ...change, links })) : changed;
    }
    return [entryChange(place, section, [before, after], { restarts: ENTRY_EFFECTS[section], links })];
  });
}

function entryChange(
  key: string,
  section: string,
  [before, after]: readonly [before: Table | undefined, after: Table | undefined],
  { restarts, links }: Pick<ConfigChange, 'restarts' | 'links'>,
): ConfigChange {
  const change = before === undefined ? 'added' : 'removed';
  return { key, change, old: entryText(section, before), new: entryText(section, after), restarts, links };
}

interface Pair {
  readonly name: string;
  readonly before: Table | undefined;
  readonly after: Table | undefined;
}

/** Entries of two lists by their names: those of the old list first. */
function pairsOf(old: readonly Table[], fresh: readonly Table[]): Pair[] {
  const [before, after] = [byName(old), byName(fresh)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.map((name) => ({ name, before: before.get(name), after: after.get(name) }));
}

function byName(list: readonly Table[]): Map<string, Table> {
  return new Map(list.map((entry, index) => [String(entry.name ?? entry.id ?? index), entry]));
}

/** Keys of an entry that differ from their defaults, in the notation of an inline table, without points of its profile. */
function entryText(section: string, entry: Table | undefined): string | null {
  if (entry === undefined) return null;
  const pairs = Object.entries(entry).flatMap(([key, value]) => {
    const inner = `${section}.${key}`;
    const text =
      inner in NESTED_LISTS
        ? `[${listOf(value)
            .filter((one) => givenByProfile(one) === undefined)
            .map((one) => entryText(inner, one))
            .join(', ')}]`
        : inner in NESTED_TABLES && isTable(value)
          ? entryText(inner, value)
          : valueText(value);
    return text === null || text === keyRow(section, key)?.fallback ? [] : [`${key} = ${text}`];
  });
  return `{ ${pairs.join(', ')} }`;
}

/** Keys whose arguments may contain secrets, so only their first text is shown. */
const WITH_HIDDEN_ARGUMENTS: ReadonlySet<string> = new Set(['hub.password_command']);

/** Value of a key for reports, in the notation of TOML; `null`: not set. */
export function shownText(section: string, key: string, value: unknown): string | null {
  if (!WITH_HIDDEN_ARGUMENTS.has(`${section}.${key}`) || !Array.isArray(value) || value.length < 2)
    return valueText(value);
  return valueText([value[0], `(${value.length - 1} more, not shown)`]);
}

/** Value in the notation of TOML; `null`: not set. */
export function valueText(value: unknown): string | null {
  if (value === undefined) return null;
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (isTable(value)) {
    const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return `{ ${pairs.map(([key, inner]) => `${key} = ${valueText(inner)}`).join(', ')} }`;
  }
  return JSON.stringify(value);
}

/**
 * Links whose machines are built from other options because of another list of subdevices. Options that the flows read
 * for each message are left out.
 */
function linksWithOtherMachines(running: Config, file: Config): string[] {
  const before = new Map(running.links.map((link) => [link.name, link]));
  const [old, fresh] = [keysById(running), keysById(file)];
  return file.links
    .filter((link) => {
      const own = before.get(link.name);
      if (own === undefined) return false;
      // only the list of subdevices differs: a change of a key of the link is a change of its own
      const withNewList = { ...own, allowedSubdevices: link.allowedSubdevices };
      return !isDeepStrictEqual(machineOptions(old, own), machineOptions(fresh, withNewList));
    })
    .map(({ name }) => name);
}

/** Terms of a link that the flows read for each message. */
const PER_MESSAGE: readonly string[] = ['holdMs', 'commitMs', 'overflow', 'envelope'];

/** Pauses do not differ between two configurations. */
const SURROUNDINGS = { uplinksMax: 1, reopen: { floorMs: 1, ceilingMs: 1 }, wasInUse: false, notes: new Map() };

type KeysById = ReadonlyMap<string, Config['subdevices'][number]['driverKeys']>;

function keysById({ subdevices }: Config): KeysById {
  return new Map(subdevices.map(({ id, driverKeys }) => [id, driverKeys]));
}

function machineOptions(keysOf: KeysById, link: LinkConfig): object {
  const { options, ...terms } = link;
  const driver = driverNamed(link.driver);
  const served = [...(link.allowedSubdevices ?? keysOf.keys())].flatMap((id) => {
    const keys = keysOf.get(id);
    return keys === undefined ? [] : [{ id, keys }];
  });
  const plan: Table = { ...driver.plan(terms, options, { ...SURROUNDINGS, served }) };
  return Object.fromEntries(Object.entries(plan).filter(([key]) => !PER_MESSAGE.includes(key)));
}

function serves({ links }: Config, name: string, id: string): boolean {
  const link = links.find((one) => one.name === name);
  return link !== undefined && (link.allowedSubdevices?.includes(id) ?? true);
}

function listOf(value: unknown): readonly Table[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
