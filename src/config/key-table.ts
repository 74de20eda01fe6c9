/**
 * Table of the keys as texts, generated from the schema. The reference prints the table; hints of problems quote it.
 */
import { z } from 'zod';
import { once } from '../base/once.ts';
import { PROFILE_SECTIONS } from './device-profiles/profile-keys.ts';
import { EFFECT_WORDS, effectOf, type KeyEffect } from './key-effects.ts';
import { LISTS, NESTED_LISTS, NESTED_TABLES, TABLES } from './keys.ts';

export interface KeyRow {
  /** Section without brackets: `hub`, or `link` for `[[link]]`. */
  readonly section: string;
  readonly key: string;
  /** Type and range as a text. */
  readonly type: string;
  /** Default in TOML or as a text; `required` if there is none. */
  readonly fallback: string;
  readonly meaning: string;
  /** Unit of the value; `null`: none. */
  readonly unit: string | null;
  /** Part of the gateway that a change restarts. */
  readonly restarts: KeyEffect;
}

/** Part of JSON Schema that the keys use. */
interface JsonKey {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly fallback?: string;
  readonly items?: JsonKey;
  readonly shape?: string;
}

const SCHEMAS: readonly (readonly [string, z.ZodType])[] = [TABLES, LISTS, NESTED_LISTS, NESTED_TABLES].flatMap(
  (sections) => Object.entries(sections),
);

/** Sections of the file of a device profile that are in no configuration. */
const OF_PROFILES: readonly (readonly [string, z.ZodType])[] = Object.entries(PROFILE_SECTIONS);

/** Rows by section and key. The conversion of the schemas takes some milliseconds. */
const table = once(
  () =>
    new Map(
      [...SCHEMAS, ...OF_PROFILES].map(
        ([section, schema]) => [section, new Map(rowsOf(section, schema).map((row) => [row.key, row]))] as const,
      ),
    ),
);

/** Every key of every section of the configuration, in the order of the schema. */
export function keyRows(): readonly KeyRow[] {
  return SCHEMAS.flatMap(([section]) => [...(table().get(section)?.values() ?? [])]);
}

export function keyRow(section: string, key: string): KeyRow | undefined {
  return table().get(section)?.get(key);
}

function rowsOf(section: string, schema: z.ZodType): KeyRow[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([key, json]) =>
    rowOf({ section, key, isRequired: required.includes(key) }, json as JsonKey),
  );
}

/** Keys of one section; empty for a section that does not exist. */
export function keysOf(section: string): readonly string[] {
  const schema = [...SCHEMAS, ...OF_PROFILES].find(([name]) => name === section)?.[1];
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Sections that have a key of this name. */
export function sectionsWith(key: string): readonly string[] {
  return SCHEMAS.map(([section]) => section).filter((section) => keysOf(section).includes(key));
}

/** Heading of a section in the file: `[hub]` or `[[link]]`. */
export function headingOf(section: string): string {
  return section in LISTS || section in NESTED_LISTS ? `[[${section}]]` : `[${section}]`;
}

function rowOf(
  place: { readonly section: string; readonly key: string; readonly isRequired: boolean },
  json: JsonKey,
): KeyRow {
  return {
    section: place.section,
    key: place.key,
    type: typeText(json),
    fallback: place.isRequired ? (json.fallback ?? 'required') : fallbackText(json),
    meaning: json.description ?? '',
    unit: unitOf(place.key),
    restarts: effectOf(place.section, place.key),
  };
}

/** Units by the end of the name of a key, the longest end first. */
const UNITS: readonly (readonly [end: RegExp, unit: string])[] = [
  [/^messages_per_s$/, 'messages per second'],
  [/^baud_rate$/, 'bits per second'],
  [/_ms(_max)?$/, 'milliseconds'],
  [/_s$/, 'seconds'],
  [/_minutes$/, 'minutes'],
  [/_hours_max$/, 'hours'],
  [/bytes(_max)?$/, 'bytes'],
  [/_tb$/, 'terabytes'],
];

function unitOf(key: string): string | null {
  return UNITS.find(([end]) => end.test(key))?.[1] ?? null;
}

/** Words for the part of the gateway that a change restarts. */
export function restartWords({ restarts }: Pick<KeyRow, 'restarts'>): string {
  return EFFECT_WORDS[restarts];
}

function typeText(json: JsonKey): string {
  if (json.enum !== undefined) return json.enum.map((value) => JSON.stringify(value)).join(', ');
  switch (json.type) {
    case 'number':
      if (json.minimum === undefined) return 'number';
      return json.maximum === undefined
        ? `number, ${json.minimum} or more`
        : `number, ${json.minimum} to ${json.maximum}`;
    case 'integer':
      return `integer, ${json.minimum} to ${json.maximum}`;
    case 'boolean':
      return 'true, false';
    case 'array':
      if (json.shape !== undefined) return json.shape;
      return json.items?.type === 'object' ? 'list of tables' : 'list of strings';
    case 'object':
      return 'table';
    case 'string':
      return json.shape ?? 'text';
    default:
      return json.type ?? 'any';
  }
}

function fallbackText(json: JsonKey): string {
  if (json.fallback !== undefined) return json.fallback;
  return json.default === undefined ? 'none' : JSON.stringify(json.default);
}
