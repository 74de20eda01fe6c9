/**
 * The way out of the bench hub: gathers what one input brings about, and holds packets back while a delay is set.
 *
 * Invariants: packets to one connection leave in the order they were sent, whatever the delay did meanwhile; at most
 * `HELD_MAX` are held, then they leave early.
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
  /** The application side sees a message from a device. */
  | ({ readonly kind: 'arrived' } & ClientBytes)
  | { readonly kind: 'noted'; readonly event: HubEvent };

/** A minute of the full rate of one device, and more than one 16 KB message each would need: some 50 MB at worst. */
const HELD_MAX = 3000;

interface Held {
  readonly atMs: number;
  readonly action: BenchHubAction;
}

export class Outgoing {
  #actions: BenchHubAction[] = [];
  readonly #held: Held[] = [];

  /** Bytes that are a packet, or garbage on order. */
  send(connection: number, bytes: Uint8Array, atMs: number): void {
    this.#held.push({ atMs, action: { kind: 'send', connection, bytes } });
  }

  /** Ends a connection behind everything that is still held. */
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

  /** What is to be done now: up to the first that is not due, so that a shorter delay overtakes nothing. */
  take(nowMs: number): BenchHubAction[] {
    const later = this.#held.findIndex(({ atMs }) => atMs > nowMs);
    const due = later === -1 ? this.#held.length : later;
    const early = Math.max(due, this.#held.length - HELD_MAX);
    const actions = [...this.#actions, ...this.#held.splice(0, early).map(({ action }) => action)];
    this.#actions = [];
    return actions;
  }
}
