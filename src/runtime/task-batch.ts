/**
 * Values that one task of the mailbox adds one by one, passed on together after the task. So a machine handles all of
 * them in one step, and its bytes leave in one write.
 */
import type { Mailbox } from './mailbox.ts';

export class TaskBatch<Value> {
  readonly #mailbox: Mailbox;
  readonly #pass: (values: readonly Value[]) => void;
  #values: Value[] = [];

  /** @param pass called with at least one value, in the order of `add` */
  constructor(mailbox: Mailbox, pass: (values: readonly Value[]) => void) {
    this.#mailbox = mailbox;
    this.#pass = pass;
  }

  add(value: Value): void {
    if (this.#values.push(value) === 1) this.#mailbox.post(() => this.flush());
  }

  /** Passes the values on now, so that they precede what the caller does next. */
  flush(): void {
    if (this.#values.length === 0) return;
    const values = this.#values;
    this.#values = [];
    this.#pass(values);
  }
}
