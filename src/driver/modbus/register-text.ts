/**
 * Texts in registers: characters of an encoding, and the fill of the rest of the field.
 *
 * A field ends at the first NUL that follows a character. Fill at either end (NUL, blank, 0xFF) does not belong to the
 * text. A character that is not printable in the encoding becomes U+FFFD.
 */
import type { PointSection } from './link-keys.ts';

export type TextEncoding = Exclude<PointSection['encoding'], undefined>;
export type TextPadding = Exclude<PointSection['padding'], undefined>;

const PADDING = { nul: 0, space: 0x20, ff: 0xff } as const;
const REPLACEMENT = '\ufffd';

const isWide = (encoding: TextEncoding): boolean => encoding === 'utf-16be' || encoding === 'utf-16le';

/** Octets of a field of `length` characters. */
export function textBytes(length: number, encoding: TextEncoding): number {
  return length * (isWide(encoding) ? 2 : 1);
}

export function decodeText(bytes: Uint8Array, encoding: TextEncoding): string {
  const units = unitsOf(bytes, encoding);
  const fill = isWide(encoding) ? 0xffff : 0xff;
  const isFill = (unit: number | undefined): boolean => unit === 0 || unit === 0x20 || unit === fill;
  let from = 0;
  while (from < units.length && isFill(units[from])) from += 1;
  const nul = units.indexOf(0, from);
  let to = nul < 0 ? units.length : nul;
  while (to > from && isFill(units[to - 1])) to -= 1;
  return charactersOf(units.slice(from, to), encoding);
}

/** @returns the whole field; `undefined`: the text does not fit, or the encoding has no such character */
export function encodeText(
  text: string,
  field: { readonly length: number; readonly encoding: TextEncoding; readonly padding: TextPadding },
): Uint8Array | undefined {
  const { length, encoding, padding } = field;
  const units = encoding === 'utf-8' ? [...new TextEncoder().encode(text)] : codeUnits(text);
  const isUnknown = encoding === 'utf-8' || isWide(encoding) ? !text.isWellFormed() : !isNarrow(units, encoding);
  if (isUnknown || hasControls(text) || units.length > length) return undefined;
  const fill = isWide(encoding) && padding === 'ff' ? 0xffff : PADDING[padding];
  const padded = [...units, ...Array.from({ length: length - units.length }, () => fill)];
  if (!isWide(encoding)) return Uint8Array.from(padded);
  return Uint8Array.from(
    padded.flatMap((unit) => (encoding === 'utf-16be' ? [unit >> 8, unit & 0xff] : [unit & 0xff, unit >> 8])),
  );
}

function unitsOf(bytes: Uint8Array, encoding: TextEncoding): number[] {
  if (!isWide(encoding)) return [...bytes];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 1 }, (_, index) => view.getUint16(index * 2, encoding === 'utf-16le'));
}

function charactersOf(units: readonly number[], encoding: TextEncoding): string {
  if (encoding === 'utf-8') return printable(new TextDecoder('utf-8').decode(Uint8Array.from(units)));
  if (isWide(encoding))
    return printable(
      units
        .map((unit) => String.fromCharCode(unit))
        .join('')
        .toWellFormed(),
    );
  const lastKnown = encoding === 'ascii' ? 0x7f : 0xff;
  return printable(units.map((unit) => (unit > lastKnown ? REPLACEMENT : String.fromCharCode(unit))).join(''));
}

const codeUnits = (text: string): number[] => Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));

const isNarrow = (units: readonly number[], encoding: TextEncoding): boolean =>
  units.every((unit) => unit <= (encoding === 'ascii' ? 0x7f : 0xff));

const hasControls = (text: string): boolean => /\p{Cc}/u.test(text);

const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, REPLACEMENT);
