/** Progress of a copy on a terminal: one line on standard error. Nothing is written if standard error is no terminal. */
import { bytesWords } from '../ops/words.ts';

/** Shortest time between two lines. */
const EVERY_MS = 200;

export class ByteProgress {
  readonly #what: string;
  readonly #stream = process.stderr;
  #shownAtMs = Number.NEGATIVE_INFINITY;

  /** @param what verb, e.g. `copying` */
  constructor(what: string) {
    this.#what = what;
  }

  show(bytes: number, total: number): void {
    const nowMs = performance.now();
    if (!this.#stream.isTTY || nowMs - this.#shownAtMs < EVERY_MS) return;
    this.#shownAtMs = nowMs;
    this.#stream.write(`\r\u001b[K${this.#what}: ${bytesWords(bytes)} of ${bytesWords(total)}`);
  }

  say(words: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[K${words}`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
  }
}
