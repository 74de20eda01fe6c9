/** One timer that can be moved. It wakes its owner through the mailbox, at most once per setting. */
import type { Cancel, Clock } from '../ports.ts';
import type { Mailbox } from './mailbox.ts';

export class Timer {
  readonly #clock: Clock;
  readonly #mailbox: Mailbox;
  readonly #wake: () => void;
  #atMs: number | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, mailbox: Mailbox, wake: () => void) {
    this.#clock = clock;
    this.#mailbox = mailbox;
    this.#wake = wake;
  }

  /**
   * Sets or moves the timer. @param atMs monotonic ms; `undefined`: no timer. A time later than the present one changes
   * nothing, so the timer fires early
   */
  set(atMs: number | undefined): void {
    if (atMs === this.#atMs) return;
    if (this.#atMs !== undefined && atMs !== undefined && atMs > this.#atMs) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#atMs = atMs;
    if (atMs === undefined) return;
    this.#cancel = this.#clock.wakeAt(atMs, () => {
      this.#cancel = undefined;
      this.#atMs = undefined;
      this.#mailbox.post(this.#wake);
    });
  }
}
