/** Checks real outputs of `--json` against the published schemas in docs/schemas. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { JSON_OUTPUTS, type JsonName, schemaOf } from '../src/cli/json-outputs.ts';

export const SCHEMAS_FOLDER = fileURLToPath(new URL('../docs/schemas/', import.meta.url));

/** Name of the file in docs/schemas; the version is in the name, so that a new version does not replace the old one. */
export function schemaFile(name: JsonName): string {
  return `${name}.${JSON_OUTPUTS[name].version}.schema.json`;
}

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

/**
 * Compares one line of output with the schema that it names. Stricter than the schema: a key that the schema does not
 * describe is a complaint too. @returns what is wrong; empty: nothing
 */
export function complaintsAbout(line: string): readonly string[] {
  let output: unknown;
  try {
    output = JSON.parse(line);
  } catch {
    return [`not JSON: ${line.slice(0, 200)}`];
  }
  const { schema } = Object(output) as { readonly schema?: unknown };
  const name = namesOfSchemas.get(schema);
  if (name === undefined) return [`no known schema is named: ${line.slice(0, 200)}`];
  const validate = validatorOf(name);
  if (validate(output)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${schema}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const namesOfSchemas = new Map<unknown, JsonName>(
  (Object.keys(JSON_OUTPUTS) as JsonName[]).map((name) => [schemaOf(name), name]),
);

function validatorOf(name: JsonName): ValidateFunction {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const schema = JSON.parse(readFileSync(`${SCHEMAS_FOLDER}${schemaFile(name)}`, 'utf8'));
  const made = ajv.compile(closed(schema) as object);
  validators.set(name, made);
  return made;
}

/** The schema without room for keys that it does not describe. */
function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = inner.type === 'object' && 'properties' in inner && !('additionalProperties' in inner);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}
