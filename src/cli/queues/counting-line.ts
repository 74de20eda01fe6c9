/** Line on a terminal that counts what has been done. Nothing is written if the output is no terminal. */
import { performance } from 'node:perf_hooks';

/** Time before the first line, ms: a short command shows none. */
const QUIET_MS = 500;
const EVERY_MS = 200;
const COLUMNS_UNKNOWN = 80;

export class CountingLine {
  readonly #stream: NodeJS.WriteStream;
  #shownAtMs = performance.now() + QUIET_MS - EVERY_MS;
  #isShown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(text: string): void {
    if (!this.#stream.isTTY || performance.now() - this.#shownAtMs < EVERY_MS) return;
    this.#shownAtMs = performance.now();
    this.#isShown = true;
    this.#stream.write(`\r\u001b[K${text.slice(0, (this.#stream.columns || COLUMNS_UNKNOWN) - 1)}`);
  }

  clear(): void {
    if (this.#isShown) this.#stream.write('\r\u001b[K');
    this.#isShown = false;
  }
}
