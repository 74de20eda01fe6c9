/** JSON to and from a unit, with numbers as their digits say: no double comes between. */
import { type ExactNumber, isExactNumber, numericOf, parseDecimal } from '../../base/decimal.ts';

/** A number of a payload, before anybody can take an object of the sender's for one. */
class NumberText {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** ECMAScript 2025 proposal "JSON.parse source text access", as Node 24 has it. */
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

export function encodeJson(value: object): Uint8Array {
  const text = JSON.stringify(value, (_, one: unknown) => (isExactNumber(one) ? json.rawJSON(one.digits) : one));
  return new TextEncoder().encode(text);
}

/**
 * Names and values of a JSON object; numbers that no double prints as ExactNumber.
 * @returns `undefined`: no JSON object
 */
export function decodeEntries(payload: Uint8Array): [string, unknown][] | undefined {
  try {
    const value = json.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload), (_, one, { source }) =>
      typeof one === 'number' && source !== undefined ? new NumberText(source) : one,
    );
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberText)
      return undefined;
    return Object.entries(value).map(([name, one]) => [name, one instanceof NumberText ? numberOf(one) : plain(one)]);
  } catch {
    return undefined;
  }
}

/** @returns `undefined`: beyond what a double can hold */
function numberOf({ source }: NumberText): number | ExactNumber | undefined {
  const decimal = parseDecimal(source);
  return decimal && numericOf(decimal);
}

/** Arrays and objects are no values of points. */
const plain = (value: unknown): unknown => (typeof value === 'object' ? null : value);
