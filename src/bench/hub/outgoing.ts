/**
 * Output of the bench hub: collects the actions of one input, and delays packets while a delay is set.
 *
 * Invariants: packets to one connection leave in the order of sending, for any delay; at most `HELD_MAX` packets are
 * delayed; beyond that number the oldest are sent early.
 */
import type { Qos, Retaining } from '../../base/message.ts';
import type { HubEvent } from './hub-events.ts';

export interface ClientBytes extends Retaining {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly dup: boolean;
}

export type BenchHubAction =
  | { readonly kind: 'send'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly connection: number; readonly reason: string }
  /** The application side receives a message from a device. */
  | ({ readonly kind: 'arrived' } & ClientBytes)
  | { readonly kind: 'noted'; readonly event: HubEvent };

/**
 * Largest number of delayed packets: a minute at the full rate of one device. With 16 KB each, the packets need about
 * 50 MB.
 */
const HELD_MAX = 3000;

interface Held {
  readonly atMs: number;
  readonly action: BenchHubAction;
}

export class Outgoing {
  #actions: BenchHubAction[] = [];
  readonly #held: Held[] = [];

  /** Sends bytes, which are a packet or injected garbage, at `atMs`. */
  send(connection: number, bytes: Uint8Array, atMs: number): void {
    this.#held.push({ atMs, action: { kind: 'send', connection, bytes } });
  }

  /** Ends a connection after all packets that are still delayed. */
  end(connection: number, reason: string): void {
    this.#held.push({ atMs: Number.NEGATIVE_INFINITY, action: { kind: 'end', connection, reason } });
  }

  arrive(arrival: ClientBytes): void {
    this.#actions.push({ kind: 'arrived', ...arrival });
  }

  note(event: HubEvent): void {
    this.#actions.push({ kind: 'noted', event });
  }

  get wakeAtMs(): number | undefined {
    return this.#held[0]?.atMs;
  }

  /**
   * Removes and returns the actions up to the first that is not due. So a packet with a shorter delay never overtakes
   * another packet.
   */
  take(nowMs: number): BenchHubAction[] {
    const later = this.#held.findIndex(({ atMs }) => atMs > nowMs);
    const due = later === -1 ? this.#held.length : later;
    const early = Math.max(due, this.#held.length - HELD_MAX);
    const actions = [...this.#actions, ...this.#held.splice(0, early).map(({ action }) => action)];
    this.#actions = [];
    return actions;
  }
}
