/**
 * Memory that the bench's main thread and its load thread share, one block for each link: orders to the load, counters of
 * the load, and the latencies of messages. Counters only rise; a reader takes differences.
 */

/** Message ids of a link are 1 to this number, then again from 1 (MQTT-SN 1.2 §5.3.13). */
export const IDS = 65_535;

/** Words of a block. The first five are orders, written by the main thread. */
export const WORD = {
  /** Largest number of unanswered messages. */
  window: 0,
  /** Messages per 1000 s; 0 = as fast as answers come. */
  perKs: 1,
  /** Bits per second of the line in each direction; 0 = no limit. */
  baudRate: 2,
  /** Number of messages after which no more are sent. */
  limit: 3,
  /** One of `COMMAND`; the load sets it back to `none`. */
  command: 4,
  sent: 5,
  acknowledged: 6,
  /** Answers that ask to send again later. */
  refused: 7,
  isConnected: 8,
  connections: 9,
  /** Downlinks, or requests to a Modbus unit, received for the first time. */
  received: 10,
  duplicates: 11,
  /** Downlinks that came before an earlier one, or whose predecessor is missing. */
  disordered: 12,
  bytesRead: 13,
  bytesWritten: 14,
  wakings: 15,
  /** Order: silence in ms after which unanswered messages are repeated. */
  repeatMs: 16,
} as const;
/** An even number, so that times are aligned. */
const WORDS = 18;

export const COMMAND = { none: 0, connect: 1, sleep: 2, wake: 3 } as const;

/** Latencies are counted in classes that are 2 % wide: 32 for each doubling, from 1 µs to more than an hour. */
const CLASSES_PER_DOUBLING = 32;
const CLASSES = 32 * CLASSES_PER_DOUBLING;

/** Bytes before the times: words and latency classes, a multiple of 8. */
const COUNTS_BYTES = (WORDS + CLASSES) * 4;
const BLOCK_BYTES = COUNTS_BYTES + (IDS + 1) * 8;

export function allocateLinkMemory(links: number): SharedArrayBuffer {
  return new SharedArrayBuffer(links * BLOCK_BYTES);
}

/** Microseconds of CLOCK_MONOTONIC, the same in every thread. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

export class LinkMemory {
  readonly #words: Int32Array;
  readonly #classes: Int32Array;
  readonly #sentAtUs: Float64Array;

  constructor(memory: SharedArrayBuffer, link: number) {
    const start = link * BLOCK_BYTES;
    this.#words = new Int32Array(memory, start, WORDS);
    this.#classes = new Int32Array(memory, start + WORDS * 4, CLASSES);
    this.#sentAtUs = new Float64Array(memory, start + COUNTS_BYTES, IDS + 1);
  }

  get(word: keyof typeof WORD): number {
    return Atomics.load(this.#words, WORD[word]);
  }

  set(word: keyof typeof WORD, value: number): void {
    Atomics.store(this.#words, WORD[word], value);
  }

  add(word: keyof typeof WORD, value: number): void {
    Atomics.add(this.#words, WORD[word], value);
  }

  sent(id: number, atUs: number): void {
    this.#sentAtUs[id] = atUs;
  }

  /** Time of the last transmission of a message id. */
  sentAtUs(id: number): number {
    return this.#sentAtUs[id] ?? 0;
  }

  countLatency(us: number): void {
    const place = Math.floor(Math.log2(Math.max(us, 1)) * CLASSES_PER_DOUBLING);
    Atomics.add(this.#classes, Math.min(place, CLASSES - 1), 1);
  }

  forgetLatencies(): void {
    this.#classes.fill(0);
  }

  /** Adds the counts of this link to `sum`, which has `latencyClasses()` entries. */
  addLatencies(sum: Float64Array): void {
    for (const [place, count] of this.#classes.entries()) sum[place] = (sum[place] ?? 0) + count;
  }
}

export function latencyClasses(): Float64Array {
  return new Float64Array(CLASSES);
}

/** @param share 0 to 1; 0.99 is the 99th percentile. @returns ms; NaN if nothing was counted */
export function percentileMs(classes: Float64Array, share: number): number {
  const total = classes.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [place, count] of classes.entries()) {
    seen += count;
    if (count > 0 && seen >= total * share) return 2 ** ((place + 0.5) / CLASSES_PER_DOUBLING) / 1000;
  }
  return Number.NaN;
}
