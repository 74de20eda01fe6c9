/**
 * Bytes ↔ lines: what stands between two delimiters. The reader holds at most one line and its delimiter, wherever the
 * bytes are split; a longer line is dropped to the next delimiter and counted. Empty lines are none.
 */
import type { Restorable } from '../base/snapshot.ts';

export type LineEncoding = 'utf-8' | 'latin1' | 'bytes';

export interface LineLimits {
  /** At least one octet. */
  readonly delimiter: Uint8Array;
  /** Octets of the longest line, delimiter not counted. */
  readonly lineBytesMax: number;
}

export interface LineReaderSnapshot {
  /** What has come of the line. */
  readonly begun: Uint8Array;
  readonly isSkipping: boolean;
  readonly lines: number;
  readonly oversizeLines: number;
}

export class LineReader implements Restorable<LineReaderSnapshot> {
  readonly #delimiter: Uint8Array;
  readonly #buffer: Uint8Array;
  #length = 0;
  #isSkipping = false;
  #lines = 0;
  #oversizeLines = 0;

  constructor({ delimiter, lineBytesMax }: LineLimits) {
    this.#delimiter = delimiter;
    this.#buffer = new Uint8Array(lineBytesMax + delimiter.length);
  }

  get lines(): number {
    return this.#lines;
  }

  get oversizeLines(): number {
    return this.#oversizeLines;
  }

  /** A new connection. @param isWithinLine what comes up to the first delimiter may be the end of a line, and is dropped */
  reset(isWithinLine: boolean): void {
    this.#length = 0;
    this.#isSkipping = isWithinLine;
  }

  /** @returns the lines that are complete now; each owns its memory */
  push(bytes: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    for (const octet of bytes) {
      this.#buffer[this.#length] = octet;
      this.#length += 1;
      if (octet === this.#delimiter.at(-1) && this.#endsInDelimiter()) this.#finish(lines);
      else if (this.#length === this.#buffer.length) this.#overflow();
    }
    return lines;
  }

  snapshot(): LineReaderSnapshot {
    const [begun, isSkipping] = [this.#buffer.slice(0, this.#length), this.#isSkipping];
    return { begun, isSkipping, lines: this.#lines, oversizeLines: this.#oversizeLines };
  }

  restore({ begun, isSkipping, lines, oversizeLines }: LineReaderSnapshot): void {
    this.#buffer.set(begun);
    this.#length = begun.length;
    this.#isSkipping = isSkipping;
    this.#lines = lines;
    this.#oversizeLines = oversizeLines;
  }

  #endsInDelimiter(): boolean {
    const start = this.#length - this.#delimiter.length;
    return start >= 0 && this.#delimiter.every((octet, at) => this.#buffer[start + at] === octet);
  }

  #finish(lines: Uint8Array[]): void {
    const length = this.#length - this.#delimiter.length;
    if (!this.#isSkipping && length > 0) {
      this.#lines += 1;
      lines.push(this.#buffer.slice(0, length));
    }
    this.#length = 0;
    this.#isSkipping = false;
  }

  /** Only the beginning of a delimiter is still of interest. */
  #overflow(): void {
    if (!this.#isSkipping) this.#oversizeLines += 1;
    this.#isSkipping = true;
    const kept = this.#delimiter.length - 1;
    this.#buffer.copyWithin(0, this.#length - kept, this.#length);
    this.#length = kept;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns `undefined` for what is no UTF-8; the other encodings take everything, one character an octet */
export function decodeText(bytes: Uint8Array, encoding: LineEncoding): string | undefined {
  if (encoding !== 'utf-8') return Buffer.from(bytes).toString('latin1');
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns `undefined` for what the encoding cannot spell */
export function encodeText(text: string, encoding: LineEncoding): Uint8Array | undefined {
  if (encoding === 'utf-8') return text.isWellFormed() ? new TextEncoder().encode(text) : undefined;
  return /^[\u0000-\u00ff]*$/.test(text) ? Uint8Array.from(Buffer.from(text, 'latin1')) : undefined;
}
