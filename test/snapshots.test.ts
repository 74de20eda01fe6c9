/**
 * Checks that a `snapshot` contains everything that its class can change: each assigned field, and each field with a
 * mutable value. The check reads the source, so that a new field is not forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Fields without a value between two steps, or with a value that is written before it is read. */
const EMPTY_BETWEEN_STEPS: ReadonlySet<string> = new Set([
  'MqttReader.#parsed',
  'MqttReader.#parser',
  'ActionBuffer.#actions',
  'LinePacketSink.#actions',
  'ModbusTransactions.#actions',
  'ModbusLink.#actions',
]);

/** Declaration `readonly #name: Type` or `#name = value`, at the indentation of class members. */
const FIELD = /^ {2}(readonly )?(#?\w+)(?:: ([^=;]+))?(?: = (.+))?;$/gm;
const CLASS = /^(?:export )?class (\w+)[\s\S]*?^\}/gm;
const SNAPSHOT = /^ {2}snapshot\(\)[\s\S]*?^ {2}\}/m;
/** Changes of a field without an assignment to it. */
const CONTAINER = /^(new (Map|Set)\b|\[|\{)/;

interface Written {
  readonly name: string;
  readonly text: string;
  readonly snapshot: string;
}

/** Classes with a snapshot. */
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
      // A borrowed part is in the snapshot of its owner.
      const isOwn = value !== '' || new RegExp(`this\\.${field} = .*\\bnew`).test(text);
      const isState = readonly === undefined || CONTAINER.test(value) || (isOwn && parts.has(part));
      const isMentioned =
        new RegExp(`this\\.${field}\\b`).test(snapshot) || EMPTY_BETWEEN_STEPS.has(`${name}.${field}`);
      return isState && !isMentioned ? [`${name}.${field}`] : [];
    }),
  );
}

/** Names of the classes with mutable state. `PacketReader` is the interface of readers. */
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

describe('the snapshot of a machine', () => {
  const texts = sourceTexts(fileURLToPath(new URL('../src', import.meta.url)));

  it('contains everything that its parts can change', () => {
    expect(writtenClasses(texts).length).toBeGreaterThan(20);
    expect(forgottenFields(texts)).toEqual([]);
  });

  it.each([
    ['an assigned field', '  #sum = 0;'],
    ['a map', '  readonly #sums = new Map<string, number>();'],
    ['a list', '  readonly sums: number[] = [];'],
    ['an owned part', '  readonly #sum: Sum;\n\n  constructor() {\n    this.#sum = new Sum();\n  }'],
  ])('negative control: a missing part is detected: %s', (_, field) => {
    const part = 'class Sum {\n  #sum = 0;\n}\n';
    expect(
      forgottenFields([`${part}class A {\n${field}\n\n  snapshot(): object {\n    return {};\n  }\n}\n`]),
    ).toHaveLength(1);
  });
});
