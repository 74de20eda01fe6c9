/**
 * Bytes ↔ lines. A line is the octets between two delimiters. The reader holds at most one line and its delimiter, for
 * any split of the bytes into pieces. If a line is too long, its beginning is reported when the line ends. Empty lines
 * are ignored. If text lines end in `\n`, one `\r` before the `\n` belongs to the delimiter, because most devices write
 * both.
 */

export type LineEncoding = 'utf-8' | 'latin1' | 'bytes';

export interface LineLimits {
  /** Octets that end a line; at least one. */
  readonly delimiter: Uint8Array;
  /** Length of the longest line in octets, without the delimiter. */
  readonly lineBytesMax: number;
  readonly encoding: LineEncoding;
  /** Empty lines and carriage returns are kept. Absent: they are removed. */
  readonly isWhole?: boolean;
}

/** Splits received bytes into lines. The lines of one call must be read to the end, each judged before the next one. */
export interface LineSplitter {
  /** Number of bytes since the last line. */
  readonly unendedBytes: number;
  /** View of the held bytes of the unfinished line. */
  readonly begun: Uint8Array;
  /** Drops the unfinished line. @param isWithinLine the next bytes may be the end of a line and are dropped */
  reset(isWithinLine: boolean): void;
  push(bytes: Uint8Array): Iterable<Uint8Array>;
  /** Called for each line after it was read. */
  judged(isMessage: boolean): void;
}

const LF = 0x0a;
const CR = 0x0d;

export class LineReader implements LineSplitter {
  private readonly delimiter: Uint8Array;
  private readonly lineBytesMax: number;
  /** True if a carriage return at the end of a line is removed. */
  private readonly dropsReturn: boolean;
  private readonly isWhole: boolean;
  private readonly buffer: Uint8Array;
  private readonly onOversize: (begun: Uint8Array) => void;
  private length = 0;
  private isSkipping = false;
  private bytesSinceDelimiter = 0;
  private overlong: Uint8Array | undefined;

  /** @param onOversize called at the end of each line that is too long, with its first `lineBytesMax` + 1 octets */
  constructor(limits: LineLimits, onOversize: (begun: Uint8Array) => void = () => undefined) {
    const { delimiter, lineBytesMax, encoding, isWhole = false } = limits;
    this.delimiter = delimiter;
    this.lineBytesMax = lineBytesMax;
    this.isWhole = isWhole;
    this.dropsReturn = !isWhole && encoding !== 'bytes' && delimiter.length === 1 && delimiter[0] === LF;
    this.buffer = new Uint8Array(lineBytesMax + delimiter.length + Number(this.dropsReturn));
    this.onOversize = onOversize;
  }

  /** Number of bytes since the last delimiter. */
  get unendedBytes(): number {
    return this.bytesSinceDelimiter;
  }

  /** View of the held bytes of the unfinished line. */
  get begun(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /**
   * Drops the unfinished line at the start of a new connection. @param isWithinLine bytes up to the first delimiter may
   * be the end of a line and are dropped
   */
  reset(isWithinLine: boolean): void {
    this.length = 0;
    this.bytesSinceDelimiter = 0;
    this.overlong = undefined;
    this.isSkipping = isWithinLine;
  }

  /** @returns the lines that are complete now; each owns its memory */
  push(bytes: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    for (const octet of bytes) {
      this.buffer[this.length] = octet;
      this.length += 1;
      this.bytesSinceDelimiter += 1;
      if (octet === this.delimiter.at(-1) && this.endsInDelimiter()) this.finish(lines);
      else if (this.length === this.buffer.length) this.overflow();
    }
    return lines;
  }

  /** A delimiter is the only sign of a beginning, so a judgement has no effect. */
  judged(): void {}

  private endsInDelimiter(): boolean {
    const start = this.length - this.delimiter.length;
    return start >= 0 && this.delimiter.every((octet, at) => this.buffer[start + at] === octet);
  }

  private finish(lines: Uint8Array[]): void {
    const end = this.length - this.delimiter.length;
    const length = this.dropsReturn && this.buffer[end - 1] === CR ? end - 1 : end;
    const isTooLong = !this.isSkipping && length > this.lineBytesMax;
    const overlong = isTooLong ? this.beginning() : this.overlong;
    if (overlong !== undefined) this.onOversize(overlong);
    else if (!this.isSkipping && (length > 0 || this.isWhole)) lines.push(this.buffer.slice(0, length));
    this.reset(false);
  }

  /** First octets of the unfinished line: at most `lineBytesMax` + 1. */
  private beginning(): Uint8Array {
    return this.buffer.slice(0, this.lineBytesMax + 1);
  }

  /**
   * Handles a line that is too long. Keeps the beginning of the line for the report. Of the other octets, only those
   * that may begin a delimiter are kept.
   */
  private overflow(): void {
    if (!this.isSkipping) this.overlong = this.beginning();
    this.isSkipping = true;
    const kept = this.delimiter.length - 1;
    this.buffer.copyWithin(0, this.length - kept, this.length);
    this.length = kept;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns `undefined` if the bytes are not UTF-8; the other encodings accept any octet as one character */
export function decodeText(bytes: Uint8Array, encoding: LineEncoding): string | undefined {
  if (encoding !== 'utf-8') return Buffer.from(bytes).toString('latin1');
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns `undefined` if the encoding has no such character */
export function encodeText(text: string, encoding: LineEncoding): Uint8Array | undefined {
  if (encoding === 'utf-8') return text.isWellFormed() ? new TextEncoder().encode(text) : undefined;
  return /^[\u0000-\u00ff]*$/.test(text) ? Uint8Array.from(Buffer.from(text, 'latin1')) : undefined;
}
