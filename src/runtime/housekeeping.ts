/** Once a minute: what is only a matter of age. Late by at most that, never early. */
import type { Clock } from '../ports.ts';
import { Alarm } from './timer.ts';
import type { Mailbox } from './mailbox.ts';

const MINUTE_MS = 60_000;

export class Minute {
  readonly #clock: Clock;
  readonly #alarm: Alarm;

  constructor(clock: Clock, mailbox: Mailbox, tick: () => void) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, mailbox, () => {
      tick();
      this.start();
    });
  }

  start(): void {
    this.#alarm.set(this.#clock.nowMs() + MINUTE_MS);
  }

  stop(): void {
    this.#alarm.set(undefined);
  }
}
