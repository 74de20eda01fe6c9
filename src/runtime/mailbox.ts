/**
 * One thing at a time. Receipts, bytes, timers and orders all enter here, and each runs to its end before the next
 * begins; what a task posts runs after it. So no flow is ever re-entered half way, and the order is the order of arrival.
 */
export class Mailbox {
  readonly #tasks: (() => void)[] = [];
  readonly #onBug: (error: unknown) => void;
  #state: 'idle' | 'running' | 'broken' = 'idle';

  /** @param onBug a task threw: an invariant is broken and the process must end */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  /** The process is about to end for a failure: nothing more happens, so nothing more is acknowledged. */
  halt(): void {
    this.#state = 'broken';
    this.#tasks.length = 0;
  }

  post(task: () => void): void {
    if (this.#state === 'broken') return;
    this.#tasks.push(task);
    if (this.#state === 'running') return;
    this.#state = 'running';
    try {
      for (let next = this.#tasks.shift(); next !== undefined; next = this.#tasks.shift()) next();
      this.#state = 'idle';
    } catch (error) {
      this.#state = 'broken'; // whatever follows would rest on a half-done change
      this.#tasks.length = 0;
      this.#onBug(error);
    }
  }
}
