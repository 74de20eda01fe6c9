/** Payloads for people: as text, as hexadecimal digits, or as compact JSON. */
import type { TailPayload } from '../ops/api/tail-line.ts';

export const PAYLOAD_FORMATS = ['text', 'hex', 'json'] as const;
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

export interface ShownPayload {
  /** Length of the whole payload. */
  readonly bytes: number;
  /** True if the content is only the beginning. */
  readonly isCut: boolean;
  /** Form of the content: `hex` for bytes that are no UTF-8 text, `text` for text that is no JSON. */
  readonly format: PayloadFormat;
  readonly content: string;
}

export function shownPayload({ bytes, base64 }: TailPayload, wanted: PayloadFormat): ShownPayload {
  const part = Buffer.from(base64, 'base64');
  const isCut = part.length < bytes;
  const as = (format: PayloadFormat, content: string): ShownPayload => ({ bytes, isCut, format, content });
  const text = wanted === 'hex' ? undefined : textIn(part, isCut);
  if (text === undefined) return as('hex', part.toString('hex'));
  const json = wanted === 'json' && !isCut ? jsonIn(text) : undefined;
  return json === undefined ? as('text', text) : as('json', json);
}

/** @returns `undefined` if the bytes are no UTF-8 text; a character that the cut divides is left out */
function textIn(part: Uint8Array, isCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(part, { stream: isCut });
  } catch {
    return undefined;
  }
}

function jsonIn(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}
