/**
 * QoS 0 uplinks on their way to the hub. They are never stored: those that cannot be sent soon are shed and counted.
 * While the connection is renewed they wait, because the hub is back within a moment.
 */
import type { Message } from '../base/message.ts';
import type { Custodian } from '../custody/custodian.ts';
import { actOf } from '../outbox/hub-packet.ts';
import type { Outbox } from '../outbox/outbox.ts';

/** Largest number of QoS 0 uplinks that wait for the pacer. More are shed. */
const WAITING_MAX = 64;
/** Bytes waiting in the socket above which QoS 0 uplinks are shed. */
const QUEUED_BYTES_MAX = 256 * 1024;

export interface Qos0UplinksOptions {
  readonly outbox: Outbox;
  readonly custodian: Custodian;
  readonly queuedBytes: () => number;
  /** Returns true while the connection is renewed. */
  readonly isRenewed: () => boolean;
}

/** Uplink that waits, with the time of its acceptance. */
export interface WaitingQos0 {
  readonly lane: number;
  readonly message: Message;
  readonly acceptedAtMs: number;
}

export class Qos0Uplinks {
  readonly #options: Qos0UplinksOptions;
  readonly #waiting: WaitingQos0[] = [];

  constructor(options: Qos0UplinksOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Counts an uplink that cannot be sent as shed. @param isPromised as in `Offer` @returns whether it may be added */
  admits(lane: number, message: Message, isPromised: boolean): boolean {
    const { outbox, custodian, queuedBytes, isRenewed } = this.#options;
    if (outbox.isTooLarge(lane, message, isPromised))
      custodian.countOnly(lane, { as: 'shed', reason: 'too large for the hub' });
    else if (outbox.isOnHold(lane, message.topic))
      custodian.countOnly(lane, { as: 'shed', reason: 'QoS 0 while on hold' });
    else if (!outbox.isConnected && !isRenewed())
      custodian.countOnly(lane, { as: 'shed', reason: 'QoS 0 while the hub is away' });
    else if (this.#waiting.length >= WAITING_MAX || queuedBytes() > QUEUED_BYTES_MAX)
      custodian.countOnly(lane, { as: 'shed', reason: 'QoS 0 too fast' });
    else return true;
    return false;
  }

  add(uplink: WaitingQos0): void {
    this.#waiting.push(uplink);
  }

  /** Takes the next uplink that may be sent. Those on whose topics the hub closes are shed. */
  take(nowMs: number): WaitingQos0 | undefined {
    const { outbox, custodian } = this.#options;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const permission = outbox.poison.mayGo(actOf('QoS 0 uplink', first.message.topic), nowMs);
      if (permission === 'wait') return undefined;
      this.#waiting.shift();
      if (permission === 'go') return first;
      custodian.countOnly(first.lane, { as: 'shed', reason: 'QoS 0 held back: the hub closes on its topic' });
    }
    return undefined;
  }

  /** Called when the connection is lost. */
  shedAll(): void {
    for (const { lane } of this.#waiting.splice(0))
      this.#options.custodian.countOnly(lane, { as: 'shed', reason: 'QoS 0 while the hub is away' });
  }
}
