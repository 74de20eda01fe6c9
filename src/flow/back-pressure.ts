/**
 * Back-pressure on the hub. It limits the downlinks that are neither on disk nor delivered, and those beyond the bound
 * of an inbox whose oldest messages are not read from disk yet.
 *
 *     open ──COPIES_MAX──▶ paused ──PAUSE_MS──▶ skipping ──room──▶ (leave) ──▶ open, in the next connection
 *      ▲                     │                     │
 *      └────────room─────────┴───nothing skipped───┘
 *
 * `paused`: the socket is not read, so the hub waits. A pause is right for the duration of a commit. A pause is wrong
 * for a full disk, because PUBACKs of uplinks and PINGRESP arrive on the same socket. So after `PAUSE_MS` the socket is
 * read again, and new downlinks are skipped: neither stored nor acknowledged. The hub keeps them and sends them again
 * in the next connection. For that the connection is closed as soon as there is room. After the first skipped downlink
 * all new ones are skipped too, so the order is kept.
 */
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';

/**
 * Number of copies in RAM only, or beyond a bound, above which the socket is not read. About the size of one commit.
 */
export const COPIES_MAX = 1024;
/** The same limit in bytes. */
export const UNSTORED_BYTES_MAX = 4 * 1024 * 1024;
/** Multiple of the limits above which downlinks are skipped, if a channel cannot stop or had read much already. */
const OVERRUN = 4;
/** Longest pause. Far below the wait for PINGRESP and PUBACK, so that the pause is never taken for a silent hub. */
export const PAUSE_MS = 2000;

export interface BackPressureOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** Accepted downlinks that are in RAM only. `copies` includes messages beyond the bounds of the inboxes. */
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

  /** True while downlinks find room. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Called for each new QoS 1 downlink. @returns whether the downlink is accepted; otherwise it must stay without
   * PUBACK
   */
  admits(): boolean {
    if (this.#fill() >= OVERRUN && (this.#state === 'open' || this.#state === 'paused')) this.#skip();
    if (this.#state === 'open' || this.#state === 'paused') return true;
    this.#skipped += 1;
    return false;
  }

  /** Called when the load has changed. */
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
        this.#options.mailbox.post(() => this.#leave()); // after all PUBACKs of this receipt
        return;
      case 'leaving':
        return;
    }
  }

  /** Called when the connection has ended. A new channel is read. */
  connectionLost(): void {
    this.#timer.set(undefined);
    this.#state = 'open';
    this.#skipped = 0;
  }

  /** Returns the load relative to the limits. 1 or more: pause. */
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
    this.#options.leave(`to receive ${this.#skipped} downlinks again that could not be stored in time`);
  }

  #skip(): void {
    if (this.#state === 'paused') this.#options.setReading(true);
    this.#state = 'skipping';
    this.#timer.set(undefined);
  }
}
