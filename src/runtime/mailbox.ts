/**
 * Queue through which everything happens one at a time. Receipts, bytes, timers and commands enter here. Each task runs
 * to its end before the next begins; tasks posted by a task run after it. So no flow is re-entered, and tasks run in
 * the order of arrival.
 */
export class Mailbox {
  readonly #tasks: (() => void)[] = [];
  readonly #onBug: (error: unknown) => void;
  #state: 'idle' | 'running' | 'broken' = 'idle';
  /** Number of tasks begun. */
  #begun = 0;

  /** @param onBug called if a task threw: an invariant is broken and the process must end */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  /** Number of the task that runs, from 1. `undefined`: none runs. */
  get task(): number | undefined {
    return this.#state === 'running' ? this.#begun : undefined;
  }

  /** Stops all tasks, so that nothing more is acknowledged before the process ends after a failure. */
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
      for (let next = this.#tasks.shift(); next !== undefined; next = this.#tasks.shift()) {
        this.#begun += 1;
        next();
      }
      this.#state = 'idle';
    } catch (error) {
      this.#state = 'broken'; // later tasks would depend on an incomplete change
      this.#tasks.length = 0;
      this.#onBug(error);
    }
  }
}
