/** Once a minute: what is only a matter of age. Late by at most that, never early. */
import type { Clock } from '../ports.ts';
import type { Mailbox } from './mailbox.ts';
import { Timer } from './timer.ts';

const MINUTE_MS = 60_000;

export class Housekeeping {
  readonly #clock: Clock;
  readonly #timer: Timer;

  constructor(clock: Clock, mailbox: Mailbox, tick: () => void) {
    this.#clock = clock;
    this.#timer = new Timer(clock, mailbox, () => {
      tick();
      this.start();
    });
  }

  start(): void {
    this.#timer.set(this.#clock.nowMs() + MINUTE_MS);
  }

  stop(): void {
    this.#timer.set(undefined);
  }
}
