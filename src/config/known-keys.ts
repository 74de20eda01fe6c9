/** Known part of a section with mistakes: valid keys have their values, and the other keys are unknown (`known.ts`). */
import { z } from 'zod';
import { defineUnknown } from './kinds/known.ts';

type Table = Readonly<Record<string, unknown>>;

const UNKNOWN = Symbol('unknown');

/**
 * @param value section as the file has it, of any type
 * @param path path of the section
 * @param misspelled paths of the keys that the file has under a misspelled name
 */
export function knownTable(
  schema: z.ZodObject,
  value: unknown,
  { path, misspelled }: { readonly path: string; readonly misspelled: ReadonlySet<string> },
): object {
  const table: Table | undefined = isTable(value) ? value : undefined;
  const known: Record<string, unknown> = {};
  for (const [key, keySchema] of Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>)) {
    const place = { path: `${path}.${key}`, misspelled };
    const isMisspelled = table?.[key] === undefined && misspelled.has(place.path);
    const part = table === undefined || isMisspelled ? UNKNOWN : knownPart(keySchema, table[key], place);
    if (part === UNKNOWN) defineUnknown(known, key);
    else if (part !== undefined) known[key] = part;
  }
  return known;
}

function knownPart(
  schema: z.ZodType,
  value: unknown,
  place: { readonly path: string; readonly misspelled: ReadonlySet<string> },
): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // If the list is too long or the value has another type, no part of it is used.
  if (result.error.issues.some(({ path, code }) => path.length === 0 && code !== 'unrecognized_keys')) return UNKNOWN;
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return knownTable(inner, value, place);
  if (!(inner instanceof z.ZodArray && inner.element instanceof z.ZodObject && Array.isArray(value))) return UNKNOWN;
  const entrySchema = inner.element;
  return value.map((entry, index) => knownTable(entrySchema, entry, { ...place, path: `${place.path}[${index}]` }));
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? unwrapped(schema.unwrap() as z.ZodType)
    : schema;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
