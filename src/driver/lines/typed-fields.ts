/**
 * Fields with types: texts of a line or telegram ▶ values of JSON.
 *
 *     1-0:1.8.1(000123.450*kWh) ─pattern─▶ 000123.450*kWh ─number─▶ 123.450, unit kWh
 *
 * Invariants: total. A number keeps its digits and is never rounded. A text that is no value of its type makes the line
 * malformed: no other value is put in its place.
 */
import type { FieldSection } from './field-keys.ts';
import type { LinePattern } from './line-pattern.ts';

export interface FieldPlan {
  readonly name: string;
  /** Pattern with the group `value`. `undefined`: the field is the group of its name in the pattern of the lines. */
  readonly pattern: LinePattern | undefined;
  readonly type: FieldSection['type'];
  readonly decimal: FieldSection['decimal'];
  /** Field for the text after a number. `undefined`: the text is dropped. */
  readonly unitField: string | undefined;
  readonly trueTexts: readonly string[];
  readonly falseTexts: readonly string[];
  readonly isOptional: boolean;
}

/** Values by field: as text for templates, and as JSON. */
export interface TypedFields {
  readonly texts: ReadonlyMap<string, string>;
  readonly json: ReadonlyMap<string, string>;
}

/** Largest length of a number with its unit, characters. */
const NUMBER_CHARS_MAX = 64;

/**
 * @param groups groups of the pattern of the lines; groups without a field are strings
 * @returns a text that says which field is wrong, if the line is malformed
 */
export function readTyped(
  text: string,
  groups: ReadonlyMap<string, string>,
  plans: readonly FieldPlan[],
): TypedFields | string {
  const texts = new Map(groups);
  const json = new Map([...groups].map(([name, value]) => [name, JSON.stringify(value)]));
  for (const plan of plans) {
    const { name, unitField } = plan;
    const found = plan.pattern === undefined ? groups.get(name) : plan.pattern.match(text)?.get('value');
    if (found === undefined) {
      if (plan.isOptional) continue;
      return `${name} is missing`;
    }
    const value = typedValue(found, plan);
    if (value === undefined) return `${name} is no ${plan.type}`;
    texts.set(name, value.text);
    json.set(name, plan.type === 'string' ? JSON.stringify(value.text) : value.text);
    if (unitField === undefined) continue;
    texts.set(unitField, value.unit);
    json.set(unitField, JSON.stringify(value.unit));
  }
  return { texts, json };
}

interface TypedValue {
  readonly text: string;
  readonly unit: string;
}

function typedValue(found: string, plan: FieldPlan): TypedValue | undefined {
  switch (plan.type) {
    case 'string':
      return { text: found.trim(), unit: '' };
    case 'boolean':
      return truthOf(found.trim(), plan);
    case 'number':
    case 'integer':
      return numberOf(found.trim(), plan);
  }
}

function truthOf(found: string, { trueTexts, falseTexts }: FieldPlan): TypedValue | undefined {
  if (trueTexts.includes(found)) return { text: 'true', unit: '' };
  return falseTexts.includes(found) ? { text: 'false', unit: '' } : undefined;
}

/** Sign, whole digits, digits after the mark, exponent, and the unit. */
const NUMBERS = {
  '.': /^([+-]?)\s*(\d*)(?:\.(\d+))?([eE][+-]?\d+)?\s*\*?\s*(\D.*)?$/u,
  ',': /^([+-]?)\s*(\d*)(?:,(\d+))?([eE][+-]?\d+)?\s*\*?\s*(\D.*)?$/u,
} as const;
/** Letters and signs of units. A digit is an exponent, as in m3/h, so a damaged digit does not become part of a unit. */
const UNIT = /^(?:[\p{L}%°‰$€](?:[\p{L}%°‰²³/·^]|\d(?=\/|$))*)?$/u;

/** The text is bounded before the match, because the expression is not linear. */
function numberOf(found: string, { type, decimal }: FieldPlan): TypedValue | undefined {
  const parts = found.length > NUMBER_CHARS_MAX ? null : NUMBERS[decimal].exec(found);
  const [, sign = '', whole = '', digits, exponent = '', unit = ''] = parts ?? [];
  if (parts === null || (whole === '' && digits === undefined) || !UNIT.test(unit)) return undefined;
  if (type === 'integer' && (digits !== undefined || exponent !== '')) return undefined;
  const fraction = digits === undefined ? '' : `.${digits}`;
  const text = `${sign === '-' ? '-' : ''}${whole.replace(/^0+(?=\d)/, '') || '0'}${fraction}${exponent}`;
  return Number.isFinite(Number(text)) ? { text, unit } : undefined;
}
