/**
 * Bytes ↔ lines that begin with a mark, such as STX, and end with a delimiter or after a fixed number of octets. Bytes
 * before the mark are not part of a line. The reader holds at most one line, for any split of the bytes into pieces.
 *
 *     (outside) ─mark─▶ inside ─delimiter, length─▶ line, (outside)
 *                        ├─delimiter─▶ tail ─last octet─▶ line, (outside)
 *                        ├─mark, if lines have a delimiter─▶ cut, inside
 *                        └─too long─▶ overlong, (outside)
 *
 * In lines of fixed length the mark may be an octet of the content. So after two lines in a row that are no messages,
 * the next mark is passed over: a reader that begins at the wrong octet finds the right one.
 */
import type { LineLimits, LineSplitter } from './lines.ts';

export interface MarkedLimits extends LineLimits {
  /** Octets with which a line begins; at least one. */
  readonly start: Uint8Array;
  /** Number of octets after the mark. `undefined`: the line ends with the delimiter. */
  readonly fixedBytes: number | undefined;
  /** Number of octets after the delimiter, for a check. Such a line is read with its delimiter and these octets. Absent: 0. */
  readonly tailBytes?: number;
}

/** Reports about bytes that are not part of a line, each with their beginning. */
export interface StrayEvents {
  /** The line is longer than `lineBytesMax`: its first `lineBytesMax` + 1 octets. */
  overlong(begun: Uint8Array): void;
  /** Another line or telegram began before the end of this one. */
  cut(begun: Uint8Array): void;
  /** Bytes before the beginning of a line or telegram. */
  outside(begun: Uint8Array): void;
}

/** Largest number of octets between two lines that are ignored: a check of a byte or two, CR and LF. */
const BETWEEN_MAX = 4;
/** Number of octets kept of the bytes before a mark. */
const STRAYS_KEPT = 64;
/** Number of lines without a message after which the next mark is passed over. */
const REFUSED_MAX = 2;

export class MarkedLineReader implements LineSplitter {
  private readonly limits: MarkedLimits;
  private readonly events: StrayEvents;
  private readonly buffer: Uint8Array;
  private readonly strays = new Uint8Array(STRAYS_KEPT);
  private isInside = false;
  private length = 0;
  /** Number of octets that are still missing after the delimiter. */
  private missingTail = 0;
  /** Number of octets since the end of the last line, while outside. */
  private strayBytes = 0;
  /** Last octets outside, as long as they are the beginning of the mark. */
  private markBytes = 0;
  /** Bytes up to the first mark are not reported. */
  private isJoining = false;
  private refusals = 0;
  private passesOver = false;

  constructor(limits: MarkedLimits, events: StrayEvents) {
    this.limits = limits;
    this.events = events;
    const { lineBytesMax, fixedBytes, delimiter, start, tailBytes = 0 } = limits;
    const endBytes = Math.max(delimiter.length + tailBytes, start.length);
    this.buffer = new Uint8Array((fixedBytes ?? lineBytesMax) + endBytes + 1);
  }

  get unendedBytes(): number {
    return this.isInside ? this.length : this.strayBytes;
  }

  get begun(): Uint8Array {
    return this.isInside ? this.buffer.subarray(0, this.length) : this.keptStrays();
  }

  /** True after the mark of an unfinished line. */
  get isBegun(): boolean {
    return this.isInside;
  }

  reset(isWithinLine: boolean): void {
    this.leave();
    this.isJoining = isWithinLine;
    this.refusals = 0;
    this.passesOver = false;
  }

  /** Must be read to its end. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    for (const octet of bytes) {
      if (!this.isInside) this.seek(octet);
      else {
        const line = this.append(octet);
        if (line !== undefined) yield line;
      }
    }
  }

  judged(isMessage: boolean): void {
    this.refusals = isMessage ? 0 : this.refusals + 1;
    if (this.limits.fixedBytes === undefined || this.refusals < REFUSED_MAX) return;
    this.refusals = 0;
    this.passesOver = true;
  }

  private seek(octet: number): void {
    const { start } = this.limits;
    if (this.strayBytes < STRAYS_KEPT) this.strays[this.strayBytes] = octet;
    this.strayBytes += 1;
    // a mark is short and seldom repeats itself: after a mismatch only its first octet is tried again
    this.markBytes = octet === start[this.markBytes] ? this.markBytes + 1 : Number(octet === start[0]);
    if (this.markBytes < start.length) return;
    this.markBytes = 0;
    if (this.passesOver) {
      this.passesOver = false;
      return;
    }
    const before = this.strayBytes - start.length;
    if (before > BETWEEN_MAX && !this.isJoining)
      this.events.outside(this.strays.slice(0, Math.min(before, STRAYS_KEPT)));
    this.isJoining = false;
    this.enter();
  }

  /** @returns the line that the octet completes */
  private append(octet: number): Uint8Array | undefined {
    const { start, delimiter, fixedBytes, lineBytesMax } = this.limits;
    this.buffer[this.length] = octet;
    this.length += 1;
    if (fixedBytes !== undefined) return this.length === fixedBytes ? this.end(this.length) : undefined;
    if (this.missingTail > 0) {
      this.missingTail -= 1;
      return this.missingTail === 0 ? this.end(this.length) : undefined;
    }
    if (this.endsIn(delimiter)) {
      this.missingTail = this.limits.tailBytes ?? 0;
      return this.missingTail === 0 ? this.end(this.length - delimiter.length) : undefined;
    }
    if (this.endsIn(start)) {
      this.events.cut(this.buffer.slice(0, this.length - start.length));
      this.enter();
    } else if (this.length > lineBytesMax + delimiter.length) {
      this.events.overlong(this.buffer.slice(0, lineBytesMax + 1));
      this.leave();
    }
    return undefined;
  }

  private end(length: number): Uint8Array | undefined {
    const { tailBytes = 0, delimiter, lineBytesMax, fixedBytes } = this.limits;
    const line = this.buffer.slice(0, length);
    this.leave();
    const textBytes = tailBytes === 0 ? length : length - delimiter.length - tailBytes;
    if (textBytes <= lineBytesMax || fixedBytes !== undefined) return textBytes === 0 ? undefined : line;
    this.events.overlong(line);
    return undefined;
  }

  private endsIn(mark: Uint8Array): boolean {
    const from = this.length - mark.length;
    return from >= 0 && mark.every((octet, at) => this.buffer[from + at] === octet);
  }

  private enter(): void {
    this.isInside = true;
    this.length = 0;
    this.strayBytes = 0;
  }

  private leave(): void {
    this.isInside = false;
    this.length = 0;
    this.strayBytes = 0;
    this.markBytes = 0;
    this.missingTail = 0;
  }

  private keptStrays(): Uint8Array {
    return this.strays.subarray(0, Math.min(this.strayBytes, STRAYS_KEPT));
  }
}
