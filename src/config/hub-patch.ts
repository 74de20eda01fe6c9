/**
 * Changes of the configuration that the hub sends, laid over the file of the machine (JSON Merge Patch, RFC 7396): a
 * value replaces the value of the file, `null` removes it, a table is merged, and a list is replaced as a whole. Entries
 * of `[[link]]` and `[[subdevice]]` are named: `{"link": {"meters": {"baud_rate": 19200}, "old": null}}`.
 *
 * Invariants: the file decides which sections the hub may change (`remote.config`), and the hub cannot change that list.
 * Keys that name a file, a program or a directory, and keys that decide to which hub the gateway connects and as whom,
 * are never taken from the hub: a client that may publish to its topic could otherwise take over the gateway. The
 * nesting of a document is limited before (`hub/gateway/remote-configuration.ts`), so recursion over it is bounded. Pure.
 */
import { parse, stringify, TomlError } from 'smol-toml';
import type { Json, JsonObject } from '../base/json-value.ts';
import { printableKey } from './kinds/printable.ts';
import type { Problem } from './kinds/problem.ts';

/** Sections that the hub may be allowed to change. */
export const HUB_SECTIONS = ['hub', 'outbox', 'inbox', 'recorder', 'telemetry', 'link', 'subdevice'] as const;
export type HubSectionName = (typeof HUB_SECTIONS)[number];

/** Key of the name of an entry, by list. */
const NAME_KEYS: ReadonlyMap<string, string> = new Map([
  ['link', 'name'],
  ['subdevice', 'id'],
]);
/** Keys of `[hub]` that the hub may change: limits and times. The others decide where and as whom the gateway connects. */
const HUB_KEYS: ReadonlySet<string> = new Set([
  'keep_alive_s',
  'connect_ms_max',
  'puback_ms_max',
  'attempts_max',
  'in_flight_max',
  'messages_per_s',
  'payload_bytes_max',
  'topic_bytes_max',
  'topic_slashes_max',
  'operations_batch_max',
  'reconnect_floor_ms',
  'reconnect_ceiling_ms',
  'boot_spread_ms',
  'subscriptions_max',
]);
/** Keys that name something of the machine. `link.path` may name a serial port (`SERIAL_PATH`). */
const OF_THE_MACHINE = /(^|_)(file|files|command|dir|directory|socket|group|token|secret|password)$/;

/**
 * Values of `link.path` that the hub may set: names of serial ports. Opening another device file may have effects
 * (`/dev/watchdog`), and an address in the network would make the gateway connect to any machine that it reaches.
 */
const SERIAL_PATH = /^(usb:|by-path:|\/dev\/serial\/by-(id|path)\/[^/]+$|\/dev\/tty[A-Z]+\d+$)/;

type Toml = Readonly<Record<string, unknown>>;

/** @param allowed sections that the file opens to the hub (`remote.config`) */
export function hubPatchProblems(patch: JsonObject, allowed: readonly string[]): Problem[] {
  return Object.entries(patch).flatMap(([section, value]): Problem[] => {
    if (!HUB_SECTIONS.some((one) => one === section))
      return [
        {
          path: printableKey(section),
          what: 'cannot be changed by the hub',
          hint: `Sections for the hub: ${HUB_SECTIONS.join(', ')}.`,
        },
      ];
    if (!allowed.includes(section))
      return [
        {
          path: section,
          what: 'is not opened to the hub by the file of the gateway',
          hint: `Add "${section}" to remote.config in the file.`,
        },
      ];
    if (!isTable(value)) return [{ path: section, what: 'is not an object', hint: 'Send an object with the keys.' }];
    const nameKey = NAME_KEYS.get(section);
    if (nameKey === undefined) return tableProblems(section, section, value);
    return Object.entries(value).flatMap(([name, entry]) => entryProblems(section, nameKey, name, entry));
  });
}

function entryProblems(section: string, nameKey: string, name: string, entry: Json): Problem[] {
  const path = `${section}[${printableKey(name)}]`;
  if (entry === null) return [];
  if (!isTable(entry))
    return [{ path, what: 'is not an object', hint: 'Send an object with the keys, or null to remove the entry.' }];
  const hint = `The name is the name of the member: {"${section}": {"NAME": {…}}}. Leave this key out.`;
  const renamed = nameKey in entry ? [{ path: `${path}.${nameKey}`, what: 'cannot be changed', hint }] : [];
  return [...renamed, ...tableProblems(section, path, entry)];
}

function tableProblems(section: string, path: string, table: JsonObject): Problem[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const at = `${path}.${printableKey(key)}`;
    // TOML cannot write such a key
    if (!key.isWellFormed())
      return [{ path: at, what: 'is not valid Unicode', hint: 'Send the keys of the file only.' }];
    if (isOfMachine(key) || (section === 'hub' && !HUB_KEYS.has(key)))
      return [{ path: at, what: 'cannot be changed by the hub', hint: 'Change this key in the file of the gateway.' }];
    if (section === 'link' && key === 'path' && !(typeof value === 'string' && SERIAL_PATH.test(value)))
      return [
        {
          path: at,
          what: 'is not the name of a serial port that the hub may set',
          hint: 'Send a name as holdfast ports prints it. Write another path in the file of the gateway.',
        },
      ];
    return valueProblems(at, value);
  });
}

function valueProblems(path: string, value: Json): Problem[] {
  if (isTable(value)) return tableProblems('', path, value);
  if (!isList(value)) return [];
  return value.flatMap((entry, index) => {
    const at = `${path}[${index}]`;
    if (entry === null)
      return [{ path: at, what: 'is null', hint: 'Leave the entry out: a list is replaced as a whole.' }];
    return valueProblems(at, entry);
  });
}

function isOfMachine(key: string): boolean {
  return OF_THE_MACHINE.test(key);
}

/**
 * Text of the file with the changes, as TOML.
 * @param file text of the file. Without a section `remote` that opens sections, or if it is not TOML, it is returned as it is.
 * @param patch checked changes. Sections that the file does not open any more are left out.
 */
export function withHubPatch(file: string, patch: JsonObject): string {
  const table = parsed(file);
  const opened = openedSections(table);
  const effective = Object.entries(patch).filter(([section]) => opened.includes(section));
  if (table === undefined || effective.length === 0) return file;
  const result = new Map<string, unknown>(Object.entries(table));
  for (const [section, changes] of effective) {
    const nameKey = NAME_KEYS.get(section);
    const before = result.get(section);
    const after = nameKey === undefined ? merged(before, changes) : mergedEntries(before, changes, nameKey);
    result.set(section, after);
  }
  return `# The file of the gateway with the changes of the hub.\n${stringify(Object.fromEntries(result))}`;
}

/** Sections that a file opens to the hub; empty: none, or the file is not valid. */
export function sectionsForHub(file: string): readonly string[] {
  return openedSections(parsed(file));
}

/**
 * Problems with the names of entries in their paths, because a sender does not know the positions: `link[2].path` becomes
 * `link[meters].path`.
 * @param text that has the problems
 */
export function namedProblems(text: string, problems: readonly Problem[]): Problem[] {
  const table = parsed(text);
  return problems.map((problem) => {
    const [start, section = '', index = ''] = /^([a-z]+)\[(\d+)\]/.exec(problem.path) ?? [];
    const list = table?.[section];
    const entry: unknown = Array.isArray(list) ? list[Number(index)] : undefined;
    const name = isToml(entry) ? entry[NAME_KEYS.get(section) ?? ''] : undefined;
    if (start === undefined || typeof name !== 'string') return problem;
    return { ...problem, path: `${section}[${printableKey(name)}]${problem.path.slice(start.length)}` };
  });
}

/** Keys that the changes set or remove, in the notation of the file: `link[meters].baud_rate`. */
export function patchedKeys(patch: JsonObject): string[] {
  return Object.entries(patch).flatMap(([section, value]) => {
    if (!isTable(value)) return [section];
    const isList = NAME_KEYS.has(section);
    return Object.entries(value).flatMap(([key, inner]) => {
      if (!isList) return [`${section}.${key}`];
      const keys = isTable(inner) ? Object.keys(inner) : [];
      return keys.length === 0 ? [`${section}[${key}]`] : keys.map((one) => `${section}[${key}].${one}`);
    });
  });
}

function openedSections(table: Toml | undefined): readonly string[] {
  const remote = table?.remote;
  const list: unknown = typeof remote === 'object' && remote !== null ? Object(remote).config : undefined;
  return Array.isArray(list) ? HUB_SECTIONS.filter((section) => list.includes(section)) : [];
}

function merged(before: unknown, changes: Json): unknown {
  if (!isTable(changes)) return changes;
  const result = new Map<string, unknown>(isToml(before) ? Object.entries(before) : []);
  for (const [key, value] of Object.entries(changes))
    if (value === null) result.delete(key);
    else result.set(key, merged(result.get(key), value));
  return Object.fromEntries(result);
}

/** Entries of a list with the changes by name. A list that the parser will reject is returned as it is. */
function mergedEntries(before: unknown, changes: Json, nameKey: string): unknown {
  const list: unknown = before ?? [];
  if (!Array.isArray(list) || !list.every(isToml) || !isTable(changes)) return before;
  const byName = new Map(Object.entries(changes));
  const known = new Set<string>();
  const kept = list.flatMap((entry) => {
    const name = entry[nameKey];
    if (typeof name !== 'string') return [entry]; // the parser will reject it
    known.add(name);
    const change = byName.get(name);
    return change === undefined ? [entry] : change === null ? [] : [merged(entry, change)];
  });
  const added = [...byName].flatMap(([name, change]) =>
    known.has(name) || change === null ? [] : [merged({ [nameKey]: name }, change)],
  );
  return [...kept, ...added];
}

function parsed(file: string): Toml | undefined {
  try {
    return parse(file);
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isTable(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isToml(value: unknown): value is Toml {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
