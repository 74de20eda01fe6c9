/** Schemas of the outputs of `--json`: generated from the types, published in docs/schemas, and complete. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { JSON_OUTPUTS, type JsonName, jsonLine, schemaOf } from '../../../src/cli/json-outputs.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { complaintsAbout, SCHEMAS_FOLDER, schemaFile } from '../../json-complaints.ts';
import { type JsonSchema, propertySchemas } from './json-schema-of.ts';

const SOURCE = fileURLToPath(new URL('../../../src/cli/json-outputs.ts', import.meta.url));
const UPDATE = 'npx vitest run test/unit/cli/json-schemas.test.ts -u';

/** Commands that print no JSON object, with the reason. */
const WITHOUT_JSON: Readonly<Record<string, string>> = {
  run: 'writes its log; gateway.log_format sets the format',
  'bench-hub': 'runs until it is stopped, for tests',
};

const OPENING = `# Schemas of the JSON outputs

JSON Schema 2020-12. [json.md](../json.md) has the rules. \`${UPDATE}\` writes this folder.

| schema | printed by | file |
|---|---|---|
`;

const names = Object.keys(JSON_OUTPUTS) as readonly JsonName[];

/** Words of each command that does something; a group of commands does nothing. */
function actingCommands(command: Command, words: readonly string[] = []): string[] {
  const acts = words.length > 0 && '_actionHandler' in command && command._actionHandler !== null;
  const below = command.commands.flatMap((child) => actingCommands(child, [...words, child.name()]));
  return [...(acts ? [words.join(' ')] : []), ...below];
}

/** Adds the key `schema` to an object type, or to each object type of a union. */
function withSchemaKey(schema: JsonSchema, name: JsonName): JsonSchema {
  const { anyOf, properties, required, ...others } = schema;
  if (Array.isArray(anyOf)) return { ...others, anyOf: anyOf.map((one) => withSchemaKey(one, name)) };
  const [keys, needed] = [Object(properties), Array.isArray(required) ? required : []];
  return {
    ...others,
    properties: { schema: { const: schemaOf(name) }, ...keys },
    required: ['schema', ...needed],
  };
}

function titleOf(name: JsonName): string {
  const { commands, topicKey } = JSON_OUTPUTS[name];
  if (topicKey !== undefined) return `Message of the gateway at the hub, key ${topicKey}: ${name}`;
  return commands.length === 0 ? `Output of any command: ${name}` : `Output of holdfast ${commands.join(', ')} --json`;
}

function published(name: JsonName, schema: JsonSchema): string {
  const whole = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:${schemaOf(name).replaceAll('/', ':')}`,
    title: titleOf(name),
    ...withSchemaKey(schema, name),
  };
  return `${JSON.stringify(whole, null, 1)}\n`;
}

describe('the schemas of --json', () => {
  it('are published in docs/schemas as the types say, and no others', async () => {
    const types = propertySchemas(SOURCE, 'JsonOutputs');
    for (const name of names)
      await expect(published(name, types.get(name) ?? {}), `run: ${UPDATE}`).toMatchFileSnapshot(
        `${SCHEMAS_FOLDER}${schemaFile(name)}`,
      );
    const expected = [...names.map(schemaFile), 'README.md'];
    expect(readdirSync(SCHEMAS_FOLDER).filter((file) => !expected.includes(file))).toEqual([]);
  });

  it('are listed with their commands in docs/schemas/README.md', async () => {
    const rows = names.map((name) => {
      const { topicKey, commands: all } = JSON_OUTPUTS[name];
      const commands = all.map((words) => `\`holdfast ${words}\``);
      const others = topicKey === undefined ? 'every command' : `the gateway, on \`${topicKey}\``;
      return `| \`${schemaOf(name)}\` | ${commands.join(', ') || others} | [${schemaFile(name)}](${schemaFile(name)}) |`;
    });
    await expect(`${OPENING}${rows.join('\n')}\n`).toMatchFileSnapshot(`${SCHEMAS_FOLDER}README.md`);
  });

  it('cover every command', () => {
    const covered = new Set(Object.values(JSON_OUTPUTS).flatMap(({ commands }) => commands));
    const existing = actingCommands(buildProgram([], () => undefined));
    const missing = existing.filter((command) => !covered.has(command) && WITHOUT_JSON[command] === undefined);
    expect(
      missing,
      `These commands have no schema of their --json output. For each: add its type to JsonOutputs and its line to \
JSON_OUTPUTS (src/cli/json-outputs.ts), print it with printJson(context, name, output), run ${UPDATE}, and add a run to \
test/e2e/json-outputs.test.ts. A command that prints no JSON is listed with its reason in WITHOUT_JSON of this test.`,
    ).toEqual([]);
    expect([...covered, ...Object.keys(WITHOUT_JSON)].filter((command) => !existing.includes(command))).toEqual([]);
  });
});

describe('an output', () => {
  const line = jsonLine('status-check', { check: 'OK', code: 0, losing: 'no', sentence: 'No.' });

  it('names its schema first, and fits it', () => {
    expect(line).toMatch(/^\{"schema":"holdfast\/status-check\/1",/);
    expect(complaintsAbout(line)).toEqual([]);
  });

  it.each([
    ['without a key', { code: undefined }],
    ['with a value of another type', { code: '0' }],
    ['with an unknown word', { losing: 'perhaps' }],
    ['with a key that is not described', { extra: 1 }],
    ['of a version that is not published', { schema: 'holdfast/status-check/99' }],
    ['without a schema', { schema: undefined }],
  ])('%s does not fit (negative control)', (_, change) => {
    expect(complaintsAbout(JSON.stringify({ ...JSON.parse(line), ...change }))).toHaveLength(1);
  });
});

it('a type that JSON cannot carry is refused, with its place', () => {
  const place = fileURLToPath(new URL('./unfit-outputs.ts', import.meta.url));
  expect(() => propertySchemas(place, 'UnfitOutputs')).toThrow('frame.bytes has the type Uint8Array');
});
