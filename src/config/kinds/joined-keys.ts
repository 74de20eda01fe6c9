/**
 * Keys of all drivers in one table. A key that several drivers have must be a choice of words: the table allows the words
 * of all of them, and a rule reports a word that the driver of the link does not have.
 */
import { z } from 'zod';
import { means } from './key-kinds.ts';

interface KeysOfDriver {
  readonly name: string;
  readonly keys: z.ZodRawShape;
}

export function joinedKeys(drivers: readonly KeysOfDriver[]): z.ZodRawShape {
  const names = [...new Set(drivers.flatMap(({ keys }) => Object.keys(keys)))];
  return Object.fromEntries(names.map((key) => [key, joinedKey(key, drivers)]));
}

function joinedKey(key: string, drivers: readonly KeysOfDriver[]): z.ZodRawShape[string] {
  const schemas = drivers.flatMap(({ name, keys }) => {
    const schema = keys[key];
    return schema === undefined ? [] : [{ name, schema }];
  });
  const [first] = schemas;
  if (first === undefined) throw new Error(`no driver has the key ${key}`);
  if (schemas.length === 1) return first.schema;
  const words = schemas.flatMap(({ name, schema }) => wordsOf(schema) ?? fail(`${key} of ${name} is not a choice`));
  const meaning = schemas.map(({ schema }) => metaOf(schema)?.description).join(' ');
  const fallback = schemas.map(({ name, schema }) => `${metaOf(schema)?.fallback} (${name})`).join(', ');
  return z.enum(words).optional().meta(means(meaning, fallback));
}

function metaOf(schema: z.ZodRawShape[string]): Readonly<Record<string, unknown>> | undefined {
  return z.globalRegistry.get(schema as z.ZodType);
}

/** Words that an optional choice allows. `undefined`: the key is not such a choice. */
export function wordsOf(schema: z.ZodRawShape[string] | undefined): readonly string[] | undefined {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodEnum ? inner.options.map(String) : undefined;
}

function fail(reason: string): never {
  throw new Error(reason);
}
