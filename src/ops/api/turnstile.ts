/**
 * Answers requests of observers one at a time and for at most a quarter of the time: after each answer the gateway has
 * three times as long for its own work. Requests for the same answer share it.
 */

/** Longest pause after an answer, so that one answer delayed by a slow disk does not block the others. */
const PAUSE_MS_MAX = 1000;
/** Pause as a multiple of the answering time: three quarters of the time belong to the gateway. */
const PAUSE_SHARE = 3;

export interface TurnstileOptions {
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

const REAL: TurnstileOptions = {
  nowMs: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export class Turnstile {
  readonly #options: TurnstileOptions;
  /** Work that has not started, by key. */
  readonly #queued = new Map<string, Promise<unknown>>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: TurnstileOptions = REAL) {
    this.#options = options;
  }

  /** Resolves to the answer of `work`, which starts after this call. @param key equal keys share one answer */
  pass<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const queued = this.#queued.get(key);
    if (queued !== undefined) return queued as Promise<T>;
    const job = this.#run(key, work);
    this.#queued.set(key, job);
    return job;
  }

  async #run<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    this.#queued.delete(key);
    const startMs = this.#options.nowMs();
    try {
      return await work();
    } finally {
      const pauseMs = Math.min(PAUSE_SHARE * (this.#options.nowMs() - startMs), PAUSE_MS_MAX);
      void this.#options.pause(pauseMs).then(resolve);
    }
  }
}
