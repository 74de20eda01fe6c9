/**
 * Decimal numbers without rounding: value = coefficient · 10^exponent.
 *
 * A double cannot hold 0.1 or 2^63 − 1. Values that users read or wrote are computed as decimals. They become a double
 * only if a double prints the same digits.
 */

export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** Number whose digits no double prints. `digits` has the syntax of a JSON number. */
export interface ExactNumber {
  readonly digits: string;
}

export type Numeric = number | ExactNumber;

/**
 * Largest number of digits, and largest exponent: somewhat more than the range of doubles. Numbers come from outside,
 * and longer ones would cost memory.
 */
const DIGITS_MAX = 800;
/** Largest number of digits that are printed without an exponent. A longer number is printed as the nearest double. */
const PLAIN_DIGITS_MAX = 60;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** @returns `undefined` for anything but a JSON number within 10^±800 */
export function parseDecimal(text: string): Decimal | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] = NUMBER.exec(text) ?? [];
  if (sign === undefined || whole.length + fraction.length > DIGITS_MAX) return undefined;
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > DIGITS_MAX) return undefined;
  return { coefficient: BigInt(`${sign}${whole}${fraction}`), exponent };
}

/** @param value finite */
export function decimalOf(value: Numeric): Decimal {
  const decimal = parseDecimal(typeof value === 'number' ? String(value) : value.digits);
  if (decimal === undefined) throw new Error(`${JSON.stringify(value)} is not a decimal number`);
  return decimal;
}

export const isExactNumber = (value: unknown): value is ExactNumber =>
  typeof value === 'object' && value !== null && 'digits' in value;

/** Returns a double if a double prints the same digits, otherwise the digits. */
export function numericOf(decimal: Decimal): Numeric {
  const digits = plainDigits(decimal);
  const number = Number(digits ?? `${decimal.coefficient}e${decimal.exponent}`);
  return digits === undefined || compare(decimalOf(number), decimal) === 0 ? number : { digits };
}

/** Text for users and JSON. */
export function digitsOf(value: Numeric): string {
  return typeof value === 'number' ? String(value) : value.digits;
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent };
}

export function add(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return { coefficient: at(a, exponent) + at(b, exponent), exponent };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { coefficient: -b.coefficient, exponent: b.exponent });
}

/** @returns less than, equal to or greater than 0, as `a` is to `b` */
export function compare(a: Decimal, b: Decimal): number {
  const { coefficient } = subtract(a, b);
  return coefficient < 0n ? -1 : coefficient > 0n ? 1 : 0;
}

/** Quotient rounded to a whole number; halves are rounded away from zero. @param divisor not 0 */
export function divideToWhole(dividend: Decimal, divisor: Decimal): bigint {
  const exponent = Math.min(dividend.exponent, divisor.exponent);
  const [top, bottom] = [at(dividend, exponent), at(divisor, exponent)];
  const isNegative = top < 0n !== bottom < 0n;
  const [numerator, denominator] = [top < 0n ? -top : top, bottom < 0n ? -bottom : bottom];
  const rounded = (numerator * 2n + denominator) / (denominator * 2n);
  return isNegative ? -rounded : rounded;
}

/** Quotient as a double, exact to about 30 digits before the conversion. @param divisor not 0 */
export function divideToNumber(dividend: Decimal, divisor: Decimal): number {
  const digits = lengthOf(divisor.coefficient) - lengthOf(dividend.coefficient) + 30;
  const places = Math.max(0, digits + divisor.exponent - dividend.exponent);
  const shifted = { ...dividend, exponent: dividend.exponent + places };
  return Number(`${divideToWhole(shifted, divisor)}e${-places}`);
}

const at = ({ coefficient, exponent }: Decimal, common: number): bigint =>
  coefficient * 10n ** BigInt(exponent - common);

const lengthOf = (coefficient: bigint): number => String(coefficient).length;

/**
 * Digits without an exponent and without trailing zeros. `undefined`: the number has more than `PLAIN_DIGITS_MAX`
 * digits.
 */
function plainDigits({ coefficient, exponent }: Decimal): string | undefined {
  if (coefficient === 0n) return '0';
  const sign = coefficient < 0n ? '-' : '';
  const all = String(coefficient < 0n ? -coefficient : coefficient);
  const digits = all.replace(/0+$/, '');
  const power = exponent + all.length - digits.length;
  if (power >= 0) return digits.length + power > PLAIN_DIGITS_MAX ? undefined : `${sign}${digits}${'0'.repeat(power)}`;
  if (-power > PLAIN_DIGITS_MAX || digits.length > PLAIN_DIGITS_MAX) return undefined;
  const padded = digits.padStart(1 - power, '0');
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}`;
}
