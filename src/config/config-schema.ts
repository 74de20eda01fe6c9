/**
 * JSON Schema of the configuration file, for editors. It has the types, ranges and meanings of the table of keys. Rules
 * across keys are checked by `holdfast config check` only.
 */
import { z } from 'zod';
import { LISTS, TABLES } from './keys.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Version of JSON Schema that the language servers for TOML support. */
const TARGET = 'draft-7';

export interface ConfigSchema {
  readonly $schema: string;
  readonly title: string;
  readonly description: string;
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

export function configSchema(): ConfigSchema {
  const tables = Object.entries(TABLES).map(([name, schema]) => [name, schemaOf(schema)] as const);
  const lists = Object.entries(LISTS).map(
    ([name, schema]) => [name, { type: 'array', items: schemaOf(schema) }] as const,
  );
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of holdfast',
    description: 'holdfast config check also checks rules across keys.',
    type: 'object',
    properties: Object.fromEntries([...tables, ...lists]),
    // without a link the gateway has nothing to do, and a table with a required key is required itself
    required: [...tables.filter(([, schema]) => isNeeded(schema)).map(([name]) => name), 'link'],
    additionalProperties: false,
  };
}

function isNeeded({ required }: JsonSchema): boolean {
  return Array.isArray(required) && required.length > 0;
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...converted } = z.toJSONSchema(schema, { io: 'input', target: TARGET });
  return plain(converted) as JsonSchema;
}

/** Removes the keys that only the reference reads. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { fallback: _, ofProfile: __, shape, ...all } = value as JsonSchema;
  const kept = withoutKeysOfProfiles(all);
  const isKey = typeof kept.type === 'string' || kept.enum !== undefined;
  const hint = isKey && typeof shape === 'string' ? { $comment: shape } : {};
  return Object.fromEntries(
    Object.entries({ ...kept, ...hint }).map(([key, inner]) => [
      key,
      key === 'pattern' && typeof inner === 'string' ? portable(inner) : plain(inner),
    ]),
  );
}

/** A key that a device profile may have is not required in the file. */
function withoutKeysOfProfiles(table: JsonSchema): JsonSchema {
  const { properties, required } = table;
  if (!Array.isArray(required) || typeof properties !== 'object') return table;
  const own = new Map(Object.entries(properties ?? {}));
  return { ...table, required: required.filter((key) => own.get(key)?.ofProfile !== true) };
}

/** Writes NUL in the notation that all engines of regular expressions have: that of taplo rejects `\\0`. */
function portable(pattern: string): string {
  return pattern.replaceAll('\\0', '\\x00');
}
