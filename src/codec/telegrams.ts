/**
 * Lines ↔ telegrams of several lines, such as those of the P1 port of a meter: from a line that `begins` accepts to the
 * next one that `ends` accepts. A telegram has all its octets, also empty lines and carriage returns, because a check
 * may cover them; only the end of its last line is removed.
 *
 *     (outside) ─first line─▶ collecting ─last line─▶ telegram, (outside)
 *                              ├─first line─▶ cut, collecting
 *                              └─too long─▶ overlong, (outside)
 *
 * The reader holds at most one telegram and one line of `lineBytesMax` octets, for any split of the bytes into pieces.
 */
import { type LineLimits, LineReader, type LineSplitter } from './lines.ts';
import type { StrayEvents } from './marked-lines.ts';

export interface TelegramBounds {
  begins(line: string): boolean;
  ends(line: string): boolean;
}

const CR = 0x0d;
const LF = 0x0a;

export class TelegramReader implements LineSplitter {
  private readonly limits: LineLimits;
  private readonly bounds: TelegramBounds;
  private readonly events: StrayEvents;
  private readonly lines: LineReader;
  /** Lines of the telegram with their delimiters. */
  private collected: Uint8Array[] = [];
  private collectedBytes = 0;
  /** Lines up to the first telegram are not reported. */
  private isJoining = false;

  /** @param limits `lineBytesMax` is the largest length of a telegram */
  constructor(limits: LineLimits, bounds: TelegramBounds, events: StrayEvents) {
    this.limits = limits;
    this.bounds = bounds;
    this.events = events;
    this.lines = new LineReader({ ...limits, isWhole: true }, (begun) => this.overlong(begun));
  }

  get unendedBytes(): number {
    return this.collectedBytes + this.lines.unendedBytes;
  }

  get begun(): Uint8Array {
    return this.collected[0] ?? this.lines.begun;
  }

  reset(isWithinLine: boolean): void {
    this.lines.reset(false);
    this.drop();
    this.isJoining = isWithinLine;
  }

  /** Reads piece by piece, so that lines and events come in their order: a piece ends at most one line. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    const lastOctet = this.limits.delimiter.at(-1) ?? LF;
    for (let from = 0; from < bytes.length; ) {
      const at = bytes.indexOf(lastOctet, from);
      const to = at === -1 ? bytes.length : at + 1;
      for (const line of this.lines.push(bytes.subarray(from, to))) {
        const telegram = this.take(line);
        if (telegram !== undefined) yield telegram;
      }
      from = to;
    }
  }

  /** A telegram begins with a line that matches, so a judgement has no effect. */
  judged(): void {}

  private take(line: Uint8Array): Uint8Array | undefined {
    const text = Buffer.from(this.withoutReturn(line)).toString('latin1');
    if (this.bounds.begins(text)) {
      if (this.collectedBytes > 0) this.events.cut(this.beginning());
      this.drop();
      this.isJoining = false;
    } else if (this.collectedBytes === 0) {
      if (text.length > 0 && !this.isJoining) this.events.outside(line);
      return undefined;
    }
    if (this.collectedBytes + line.length > this.limits.lineBytesMax) {
      this.overlong(line);
      return undefined;
    }
    if (this.bounds.ends(text)) {
      const telegram = Buffer.concat([...this.collected, this.withoutReturn(line)]);
      this.drop();
      return Uint8Array.from(telegram);
    }
    const whole = Uint8Array.from(Buffer.concat([line, this.limits.delimiter]));
    this.collected.push(whole);
    this.collectedBytes += whole.length;
    return undefined;
  }

  /** Drops the telegram to which the bytes belong. */
  private overlong(begun: Uint8Array): void {
    this.events.overlong(this.collectedBytes > 0 ? this.beginning() : begun);
    this.drop();
    this.isJoining = true;
  }

  private beginning(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.collected));
  }

  private drop(): void {
    this.collected = [];
    this.collectedBytes = 0;
  }

  /** Removes one `\r` before a delimiter `\n`, as `LineReader` does for text. */
  private withoutReturn(line: Uint8Array): Uint8Array {
    const { delimiter, encoding } = this.limits;
    const isLineFeed = encoding !== 'bytes' && delimiter.length === 1 && delimiter[0] === LF;
    return isLineFeed && line.at(-1) === CR ? line.subarray(0, -1) : line;
  }
}
