/**
 * Browsers that follow the frames of one machine, as `holdfast trace` does. A browser shows what a person can read: more
 * frames than that are counted and not sent.
 */
import type { ServerResponse } from 'node:http';
import type { Step, Subject } from '../base/step.ts';
import { followTrace } from '../ops/api/control-client.ts';
import type { TailSkipped } from '../ops/api/tail-line.ts';
import { printable } from '../ops/words.ts';
import { type Moment, MomentReader } from '../recorder/moments.ts';
import { decodeValue } from '../recorder/recording-file.ts';
import { EventStream } from './event-stream.ts';

/** Largest number of browsers; each is a client of the control socket, which has places for eight. */
export const TRACES_MAX = 2;
const BATCH_MS = 250;
/** Largest number of frames sent in one batch: 80 per second. */
const BATCH_MAX = 20;

/** Line of a trace for the browser. */
export interface TraceLine {
  /** Unix ms by the clock of this machine. */
  readonly atMs: number;
  readonly what: Moment['what'];
  readonly words: string;
  readonly isProblem: boolean;
}

export class TraceStreams {
  readonly #controlSocket: string;
  readonly #stops = new Set<AbortController>();

  constructor(controlSocket: string) {
    this.#controlSocket = controlSocket;
  }

  get isFull(): boolean {
    return this.#stops.size >= TRACES_MAX;
  }

  async follow(response: ServerResponse, name: string): Promise<void> {
    const stop = new AbortController();
    this.#stops.add(stop);
    response.once('close', () => stop.abort());
    const stream = new EventStream(response);
    const batch = new TraceBatch();
    const timer = setInterval(() => {
      const ready = batch.take();
      if (ready !== undefined && !stream.send('trace', ready)) stop.abort();
    }, BATCH_MS);
    try {
      await this.#read(name, stop.signal, batch, () => stream.send('started', {}));
    } catch (error) {
      stream.send('ended', { why: error instanceof Error ? error.message : String(error) });
    } finally {
      clearInterval(timer);
      this.#stops.delete(stop);
      stream.end();
    }
  }

  close(): void {
    for (const stop of this.#stops) stop.abort();
  }

  /** @param started called when the gateway has begun to send */
  async #read(name: string, signal: AbortSignal, batch: TraceBatch, started: () => void): Promise<void> {
    let reader: MomentReader | undefined;
    for await (const line of followTrace(this.#controlSocket, name, signal)) {
      const value = decodeValue(line) as Step | TailSkipped | Subject;
      if ('driver' in value) {
        reader = new MomentReader(value);
        started();
      } else if ('kind' in value) batch.skip(value.events);
      else for (const moment of reader?.read(value) ?? []) batch.add(moment);
    }
  }
}

/** Frames since the last batch, of which only the first ones are sent. */
export class TraceBatch {
  #lines: TraceLine[] = [];
  #skipped = 0;

  add({ upMs, what, words, frame }: Moment): void {
    if (this.#lines.length >= BATCH_MAX) {
      this.#skipped += 1;
      return;
    }
    const upNowMs = Number(process.hrtime.bigint() / 1_000_000n);
    const atMs = Date.now() - (upNowMs - upMs);
    this.#lines.push({ atMs, what, words: printable(words), isProblem: frame?.problem !== undefined });
  }

  skip(events: number): void {
    this.#skipped += events;
  }

  /** @returns `undefined`: nothing happened */
  take(): { readonly lines: readonly TraceLine[]; readonly skipped: number } | undefined {
    if (this.#lines.length === 0 && this.#skipped === 0) return undefined;
    const taken = { lines: this.#lines, skipped: this.#skipped };
    this.#lines = [];
    this.#skipped = 0;
    return taken;
  }
}
