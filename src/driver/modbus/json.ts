/** JSON to and from a unit. Numbers keep their digits; no conversion to a double takes place. */
import { type ExactNumber, isExactNumber, numericOf, parseDecimal } from '../../base/decimal.ts';

/** Number in a payload. A class, so that an object from the sender cannot be mistaken for one. */
class NumberText {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** `JSON` with the functions of the ECMAScript proposal "JSON.parse source text access", as in Node 24. */
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
 * Names and values of a JSON object. Numbers that no double prints become ExactNumber.
 * @returns `undefined` if the payload is not a JSON object
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

/** @returns `undefined` beyond the range of a double */
function numberOf({ source }: NumberText): number | ExactNumber | undefined {
  const decimal = parseDecimal(source);
  return decimal && numericOf(decimal);
}

/** Replaces arrays and objects by `null`, because they are not values of points. */
const plain = (value: unknown): unknown => (typeof value === 'object' ? null : value);
