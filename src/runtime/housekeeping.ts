/** Tasks that depend only on age, run once a minute: up to one minute late, never early. */
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
