/**
 * Whatever a class with a `snapshot` can change is in it: each field that is assigned, and each that holds something which
 * changes. By the look of the source, so that a field added tomorrow is not forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Fields that hold nothing between two steps, or nothing that is read before it is written. */
const EMPTY_BETWEEN_STEPS: ReadonlySet<string> = new Set([
  'MqttReader.#parsed',
  'MqttReader.#parser',
  'ActionBuffer.#actions',
  'LinePacketSink.#actions',
  'ModbusTransactions.#actions',
  'ModbusLink.#actions',
]);

/** `readonly #name: Type` or `#name = value`, at the indentation of a class's members. */
const FIELD = /^ {2}(readonly )?(#?\w+)(?:: ([^=;]+))?(?: = (.+))?;$/gm;
const CLASS = /^(?:export )?class (\w+)[\s\S]*?^\}/gm;
const SNAPSHOT = /^ {2}snapshot\(\)[\s\S]*?^ {2}\}/m;
/** What is changed though the field is not assigned. */
const CONTAINER = /^(new (Map|Set)\b|\[|\{)/;

interface Written {
  readonly name: string;
  readonly text: string;
  readonly snapshot: string;
}

/** Classes that can be written down. */
function writtenClasses(texts: readonly string[]): Written[] {
  const classes = texts.flatMap((text) => [...text.matchAll(CLASS)]).map(([text, name = '']) => ({ name, text }));
  return classes.flatMap((one) => {
    const snapshot = SNAPSHOT.exec(one.text)?.[0];
    return snapshot === undefined ? [] : [{ ...one, snapshot }];
  });
}

function forgottenFields(texts: readonly string[]): string[] {
  const classes = writtenClasses(texts);
  const parts = statefulClasses(texts);
  return classes.flatMap(({ name, text, snapshot }) =>
    [...text.matchAll(FIELD)].flatMap(([, readonly, field = '', type = '', value = '']) => {
      const part = /^new (\w+)/.exec(value)?.[1] ?? type.trim();
      // a part that was lent is written down by its owner
      const isOwn = value !== '' || new RegExp(`this\\.${field} = .*\\bnew`).test(text);
      const isState = readonly === undefined || CONTAINER.test(value) || (isOwn && parts.has(part));
      const isMentioned =
        new RegExp(`this\\.${field}\\b`).test(snapshot) || EMPTY_BETWEEN_STEPS.has(`${name}.${field}`);
      return isState && !isMentioned ? [`${name}.${field}`] : [];
    }),
  );
}

/** Names of those that hold what changes. `PacketReader` is what readers are known as. */
function statefulClasses(texts: readonly string[]): Set<string> {
  const classes = texts.flatMap((text) => [...text.matchAll(CLASS)]);
  const stateful = classes.filter(([text]) =>
    [...text.matchAll(FIELD)].some(([, readonly, , , value = '']) => readonly === undefined || CONTAINER.test(value)),
  );
  return new Set(['PacketReader', ...stateful.map(([, name = '']) => name)]);
}

function sourceTexts(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.map((path) => readFileSync(join(folder, path), 'utf8'));
}

describe('what is written down of a machine', () => {
  const texts = sourceTexts(fileURLToPath(new URL('../src', import.meta.url)));

  it('is all that its parts can change', () => {
    expect(writtenClasses(texts).length).toBeGreaterThan(20);
    expect(forgottenFields(texts)).toEqual([]);
  });

  it.each([
    ['an assigned field', '  #sum = 0;'],
    ['a map', '  readonly #sums = new Map<string, number>();'],
    ['a list', '  readonly sums: number[] = [];'],
    ['a part of which it is the owner', '  readonly #sum: Sum;\n\n  constructor() {\n    this.#sum = new Sum();\n  }'],
  ])('would be noticed to lack %s', (_, field) => {
    const part = 'class Sum {\n  #sum = 0;\n}\n';
    expect(
      forgottenFields([`${part}class A {\n${field}\n\n  snapshot(): object {\n    return {};\n  }\n}\n`]),
    ).toHaveLength(1);
  });
});
