/**
 * Back-pressure on the hub: how many downlinks are taken that no disk and no subdevice has yet, or that are beyond the bound
 * of an inbox because what is to give way for them has not been read from the disk yet.
 *
 *     open ──COPIES_MAX──▶ paused ──PAUSE_MS──▶ skipping ──room──▶ (leave) ──▶ open, in the next connection
 *      ▲                     │                     │
 *      └────────room─────────┴───nothing skipped───┘
 *
 * `paused`: the socket is not read, so the hub waits. That is right for the length of a commit. Uplinks' PUBACKs and
 * PINGRESP come over the same socket, so it is wrong for a full disk: after `PAUSE_MS` the socket is read again and new
 * downlinks are skipped, which means that they are neither kept nor acknowledged. They stay the hub's. It sends them again
 * in the next connection, and for that the connection is closed as soon as there is room. After one that was skipped all
 * new ones are, so the order stays.
 */
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';

/** Copies in RAM only or beyond a bound, above which the socket is not read: as many as one commit takes in its stride. */
export const COPIES_MAX = 1024;
/** The same in bytes. */
export const UNSTORED_BYTES_MAX = 4 * 1024 * 1024;
/** A channel that cannot stop, or that had read much already, may bring so many times more before they are skipped. */
const OVERRUN = 4;
/** Far below the wait for PINGRESP and PUBACK, so our own silence is never taken for the hub's. */
export const PAUSE_MS = 2000;

export interface BackPressureOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** What has been taken and is in RAM only; `copies` also counts what is beyond the bounds of the inboxes. */
  readonly load: () => { readonly copies: number; readonly bytes: number };
  readonly setReading: (isReading: boolean) => void;
  readonly leave: (reason: string) => void;
}

export class BackPressure {
  readonly #options: BackPressureOptions;
  readonly #timer: Timer;
  #state: 'open' | 'paused' | 'skipping' | 'leaving' = 'open';
  #skipped = 0;

  constructor(options: BackPressureOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => {
      if (this.#state === 'paused') this.#skip();
    });
  }

  /** Asked for each new QoS 1 downlink. @returns whether it is taken; else it must stay without PUBACK */
  admits(): boolean {
    if (this.#fill() >= OVERRUN && (this.#state === 'open' || this.#state === 'paused')) this.#skip();
    if (this.#state === 'open' || this.#state === 'paused') return true;
    this.#skipped += 1;
    return false;
  }

  /** The load has changed. */
  turn(): void {
    const fill = this.#fill();
    switch (this.#state) {
      case 'open':
        if (fill >= 1) this.#pause();
        return;
      case 'paused':
        if (fill <= 0.5) this.#open();
        return;
      case 'skipping':
        if (fill > 0.5) return;
        if (this.#skipped === 0) return this.#open();
        this.#state = 'leaving';
        this.#options.mailbox.post(() => this.#leave()); // after every PUBACK of this receipt
        return;
      case 'leaving':
        return;
    }
  }

  /** A new channel is read. */
  connectionLost(): void {
    this.#timer.set(undefined);
    this.#state = 'open';
    this.#skipped = 0;
  }

  /** 1: it is time to wait. */
  #fill(): number {
    const { copies, bytes } = this.#options.load();
    return Math.max(copies / COPIES_MAX, bytes / UNSTORED_BYTES_MAX);
  }

  #pause(): void {
    this.#state = 'paused';
    this.#options.setReading(false);
    this.#timer.set(this.#options.clock.nowMs() + PAUSE_MS);
  }

  #open(): void {
    if (this.#state === 'paused') this.#options.setReading(true);
    this.#state = 'open';
    this.#timer.set(undefined);
  }

  #leave(): void {
    if (this.#state !== 'leaving') return;
    this.#options.leave(`to be sent ${this.#skipped} downlinks again that could not be stored in time`);
  }

  #skip(): void {
    if (this.#state === 'paused') this.#options.setReading(true);
    this.#state = 'skipping';
    this.#timer.set(undefined);
  }
}
