/**
 * One thing at a time. Receipts, bytes, timers and orders all enter here, and each runs to its end before the next
 * begins; what a task posts runs after it. So no flow is ever re-entered half way, and the order is the order of arrival.
 */
export class Mailbox {
  readonly #tasks: (() => void)[] = [];
  readonly #onBug: (error: unknown) => void;
  #running = false;

  /** @param onBug a task threw: an invariant is broken and the process must end */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  post(task: () => void): void {
    this.#tasks.push(task);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#tasks.shift(); next !== undefined; next = this.#tasks.shift()) next();
    } catch (error) {
      this.#tasks.length = 0;
      this.#onBug(error);
    } finally {
      this.#running = false;
    }
  }
}
