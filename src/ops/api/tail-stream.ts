/**
 * One reader of the tail or of a trace: lines of JSON, of which at most `QUEUED_BYTES_MAX` bytes wait.
 *
 * The gateway does not wait for a reader. Lines that a slow reader misses are counted, and the count is sent in their
 * place as soon as it reads again.
 */
import type { TailSkipped } from './tail-line.ts';

/** Largest number of waiting bytes: about 250 events of usual length. */
export const QUEUED_BYTES_MAX = 65_536;

/** Bytes reserved for the line that reports a gap: `{"kind":"skipped","events":…}` with 16 digits. */
const GAP_BYTES_MAX = 48;

/** Smallest free room for which a line is formed. With less room no line is formed, so a flood costs nothing. */
const LINE_BYTES_MIN = 1024;

/** The part of a response that is needed here. */
export interface TailSink {
  readonly writableLength: number;
  write(line: string): boolean;
}

export class TailStream {
  readonly #sink: TailSink;
  #skipped = 0;

  constructor(sink: TailSink) {
    this.#sink = sink;
  }

  /** The reader has missed lines and has not read since. */
  get isBehind(): boolean {
    return this.#skipped > 0;
  }

  /** Takes an event as one line of JSON, or counts it. @param json called only while there is room for a line */
  send(json: () => string): void {
    if (this.#sink.writableLength + LINE_BYTES_MIN > QUEUED_BYTES_MAX) {
      this.#skipped += 1;
      return;
    }
    const line = `${json()}\n`;
    const bytes = Buffer.byteLength(line) + GAP_BYTES_MAX;
    if (this.#sink.writableLength + bytes > QUEUED_BYTES_MAX) {
      this.#skipped += 1;
      return;
    }
    this.admitGap();
    this.#sink.write(line);
  }

  /** Sends the count of missed lines when the reader reads again. */
  admitGap(): void {
    if (this.#skipped === 0) return;
    const skipped: TailSkipped = { kind: 'skipped', events: this.#skipped };
    this.#sink.write(`${JSON.stringify(skipped)}\n`);
    this.#skipped = 0;
  }
}
