/** Values of a key in a valid file, each with its place. Pure. */
import { shownText } from './config-changes.ts';
import { givenByProfile } from './device-profiles/device-profile.ts';
import { NESTED_TABLES } from './keys.ts';
import type { Sections } from './sections.ts';

export interface ConfigValue {
  /** Place in the file, in the notation of `ConfigChange`. */
  readonly place: string;
  /** Value in TOML; `null`: not set. */
  readonly text: string | null;
  /** Device profile that has given the value; `undefined`: the file, or a default. */
  readonly profile: string | undefined;
}

type Table = Readonly<Record<string, unknown>>;

/** @param section section without brackets, such as `hub` or `link.unit` */
export function valuesOf(sections: Sections, section: string, key: string): ConfigValue[] {
  const [top = '', ...inner] = section.split('.');
  return inner
    .reduce((tables, name) => tables.flatMap((table) => below(table, name)), tablesOf(sections, top))
    .map(({ place, table }) => ({
      place: `${place}.${key}`,
      text: shownText(section, key, table[key]),
      profile: givenByProfile(table),
    }));
}

interface PlacedTable {
  readonly section: string;
  readonly place: string;
  readonly table: Table;
}

function tablesOf({ links, subdevices, shared_topics, ...tables }: Sections, section: string): PlacedTable[] {
  if (section === 'link') return entriesOf('link', 'link', links);
  if (section === 'subdevice') return entriesOf('subdevice', 'subdevice', subdevices);
  if (section === 'shared_topic') return entriesOf('shared_topic', 'shared_topic', shared_topics);
  const table = new Map<string, Table>(Object.entries(tables)).get(section);
  return table === undefined ? [] : [{ section, place: section, table }];
}

function below({ section, place, table }: PlacedTable, name: string): PlacedTable[] {
  const inner = `${section}.${name}`;
  const value = table[name];
  if (inner in NESTED_TABLES)
    return isTable(value) ? [{ section: inner, place: `${place}.${name}`, table: value }] : [];
  return Array.isArray(value) ? entriesOf(inner, `${place}.${name}`, value.filter(isTable)) : [];
}

function entriesOf(section: string, place: string, list: readonly Table[]): PlacedTable[] {
  return list.map((table, index) => ({ section, place: `${place}[${table.name ?? table.id ?? index}]`, table }));
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
