/** Fields with types: texts of devices, and the JSON that is made of them. */
import { describe, expect, it } from 'vitest';
import { sampleWords } from '../../../../src/base/discard.ts';
import { LINES } from '../../../../src/driver/lines/definition.ts';
import type { FieldSection } from '../../../../src/driver/lines/field-keys.ts';
import { type FieldPlan, readTyped } from '../../../../src/driver/lines/typed-fields.ts';
import { configOf, problemsOf } from '../../config/config-rig.ts';
import { fieldTables, LinesBench, linesText } from './lines-rig.ts';

const plan = (type: FieldSection['type'], more: Partial<FieldPlan> = {}): FieldPlan => ({
  ...{ name: 'v', pattern: undefined, type, decimal: '.', unitField: 'u', isOptional: false },
  ...{ trueTexts: ['ST'], falseTexts: ['US'] },
  ...more,
});

/** JSON of the field and of its unit. */
const jsonOf = (found: string, one: FieldPlan): unknown => {
  const typed = readTyped(found, new Map([['v', found]]), [one]);
  return typeof typed === 'string' ? typed : [typed.json.get('v'), typed.json.get('u')];
};

describe('a number', () => {
  it.each<[string, string, string]>([
    ['000123.450*kWh', '123.450', '"kWh"'],
    ['+ 0012.5 kg', '12.5', '"kg"'],
    ['-  7', '-7', '""'],
    ['-.5', '-0.5', '""'],
    ['0000', '0', '""'],
    ['1.5E+03V', '1.5E+03', '"V"'],
    ['21.5°C', '21.5', '"°C"'],
    [' 12 % ', '12', '"%"'],
    ['0.107*m3', '0.107', '"m3"'],
    ['3 m3/h', '3', '"m3/h"'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789', '""'],
  ])('%j keeps its digits, and its unit is separate', (found, value, unit) => {
    expect(jsonOf(found, plan('number'))).toEqual([value, unit]);
    expect(Number.isFinite(JSON.parse(value))).toBe(true);
  });

  it.each([
    '',
    '-',
    '.',
    'kg',
    '1,5',
    '1.2.3',
    '1 2',
    '1e999',
    '--1',
    '0x1F',
    '1.',
    '9'.repeat(65),
    'NaN',
    '12#4.5',
    '1O4.5',
    '1 k g',
  ])('%j is no number', (found) => expect(jsonOf(found, plan('number'))).toBe('v is no number'));

  it('may have a decimal comma', () => {
    expect(jsonOf('0012,50 kg', plan('number', { decimal: ',' }))).toEqual(['12.50', '"kg"']);
    expect(jsonOf('12.50', plan('number', { decimal: ',' }))).toBe('v is no number');
  });

  it('of the type integer has digits only', () => {
    expect(jsonOf('0042 s', plan('integer'))).toEqual(['42', '"s"']);
    expect(jsonOf('42.0', plan('integer'))).toBe('v is no integer');
    expect(jsonOf('4e2', plan('integer'))).toBe('v is no integer');
  });
});

describe('another type', () => {
  it('is a text without spaces around it, or one of the words for true and false', () => {
    expect(jsonOf(' a"b ', plan('string', { unitField: undefined }))).toEqual(['"a\\"b"', undefined]);
    expect(jsonOf('ST', plan('boolean', { unitField: undefined }))).toEqual(['true', undefined]);
    expect(jsonOf('US ', plan('boolean', { unitField: undefined }))).toEqual(['false', undefined]);
    expect(jsonOf('OL', plan('boolean'))).toBe('v is no boolean');
  });
});

const P1 = [
  { name: 'kwh', pattern: String.raw`1-0:1\.8\.1\((?P<value>[^)]*)\)`, type: 'number', unit_field: 'unit' },
  { name: 'serial', pattern: String.raw`0-0:96\.1\.1\((?P<value>[^)]*)\)` },
  { name: 'gas', pattern: String.raw`0-1:24\.2\.1\([^)]*\)\((?P<value>[^)]*)\)`, type: 'number', optional: true },
] as const;
const KEYS = { telegram_begin: '^/', telegram_end: '^!', payload: 'json', topic: '{serial}' };
const telegram = (kwh: string): string => `/X\n\n0-0:96.1.1(A7)\n1-0:1.8.1(${kwh})\n!\n`;

describe('fields of a telegram', () => {
  it('become one JSON object, and can be part of the topic', () => {
    const bench = new LinesBench(KEYS, [], {}, fieldTables(P1));
    bench.receive(telegram('000012.50*kWh'));
    bench.receive(telegram('000012.60*kWh').replace('!', '0-1:24.2.1(170102161005W)(00000.107*m3)\n!'));
    expect(bench.uplinks).toEqual([
      ['A7', '{"kwh":12.50,"unit":"kWh","serial":"A7"}'],
      ['A7', '{"kwh":12.60,"unit":"kWh","serial":"A7","gas":0.107}'],
    ]);
  });

  it('are all or nothing: without one that is not optional, the telegram is discarded with a sample', () => {
    const bench = new LinesBench(KEYS, [], {}, fieldTables(P1));
    bench.receive(telegram('0000#2.50*kWh'));
    bench.receive(telegram('1').replace('1.8.1', '9.9.9'));
    expect(bench.uplinks).toEqual([]);
    expect(bench.of('discarded').map(({ sample }) => sampleWords(sample).slice(0, 14))).toEqual([
      'kwh is no numb',
      'kwh is missing',
    ]);
  });

  it('give types to groups of the pattern, and the other groups stay texts', () => {
    const fields = fieldTables([{ name: 'kg', type: 'number', decimal: ',' }]);
    const bench = new LinesBench({ pattern: '^(?P<state>..) (?P<kg>.*)$', payload: 'json' }, [], {}, fields);
    bench.receive('ST 0012,5kg\n');
    expect(bench.uplinks).toEqual([['line', '{"state":"ST","kg":12.5}']]);
  });
});

describe('a mistake in a field', () => {
  const paths = (keys: Parameters<typeof fieldTables>[0][number], more = {}): string[] =>
    problemsOf(linesText(more, {}, fieldTables([keys]))).map(({ path }) => path);

  it.each([
    [{ name: 'a' }, 'pattern'],
    [{ name: 'a', pattern: '(' }, 'pattern'],
    [{ name: 'a', pattern: 'x' }, 'pattern'],
    [{ name: 'a', pattern: '(?P<value>x)', decimal: ',' }, 'decimal'],
    [{ name: 'a', pattern: '(?P<value>x)', unit_field: 'u' }, 'unit_field'],
    [{ name: 'a', pattern: '(?P<value>x)', type: 'number', unit_field: 'a' }, 'name'],
    [{ name: 'a', pattern: '(?P<value>x)', type: 'boolean', false_texts: ['1'] }, 'false_texts'],
    [{ name: 'a', pattern: '(?P<value>x)', type: 'float' }, 'type'],
    [{ name: 'a', pattern: '(?P<value>x)', typ: 'number' }, 'typ'],
    [{ name: '1', pattern: '(?P<value>x)' }, 'name'],
  ] as const)('%j is reported at %s', (keys, key) => {
    expect(paths(keys)).toEqual([`link[0].lines.field[0].${key}`]);
  });

  it('is a field of NDJSON, and one whose name the pattern has too', () => {
    const field = { name: 'a', pattern: '(?P<value>x)' };
    expect(paths(field, { format: 'ndjson' })).toEqual(['link[0].lines.field']);
    expect(paths(field, { pattern: '(?P<a>x)' })).toEqual(['link[0].lines.field[0].pattern']);
  });
});

it('fields are described with their types, for home automation', () => {
  const { options } = configOf(linesText({ ...KEYS, topic: 'p1' }, {}, fieldTables(P1))).links[0] ?? {};
  const kinds = LINES.readingsFor(options ?? {}, 'meter-1').map(({ name, topic, kind }) => [name, topic, kind]);
  expect(kinds).toEqual([
    ['kwh', 'p1', 'number'],
    ['unit', 'p1', 'text'],
    ['serial', 'p1', 'text'],
    ['gas', 'p1', 'number'],
  ]);
});
