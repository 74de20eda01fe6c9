/**
 * What the gateway does at the hub in its own name, beside carrying messages: announcing subdevices, asking for the time.
 *
 * Each is a station of its own with topics of its own: it says what is to be sent and reads what comes back. Requests are
 * QoS 0, since each is asked again until it is answered, and take their turn in the one paced stream (`flow/hub-sender.ts`).
 */

import type { HubIdentity } from '../../base/hub-identity.ts';
import type { Message } from '../../base/message.ts';

export interface HubServiceRequest {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** What a message of the hub meant. */
export type HubServiceEvent =
  /** For the technician. */
  | { readonly kind: 'said'; readonly sentence: string }
  /** The hub's clock, now: Unix ms, off by at most `errorMs`. */
  | { readonly kind: 'time'; readonly wallMs: number; readonly errorMs: number }
  /** The hub lets us speak for a configured subdevice again, or no longer. */
  | { readonly kind: 'binding'; readonly identity: HubIdentity; readonly isBound: boolean }
  /** The hub holds a subdevice to be online, so it may use its topics. */
  | { readonly kind: 'announced'; readonly identity: HubIdentity }
  /** The end of a `bind` or `unbind`, by the hub's result code. */
  | {
      readonly kind: 'answered';
      readonly verb: 'bind' | 'unbind';
      readonly identity: HubIdentity;
      readonly code: number;
    }
  /** The hub's list of bound subdevices has come, and no other is needed to believe it. */
  | { readonly kind: 'described' };

/** What `flow/subdevice-bindings.ts` acts upon. */
export type BindingReport = Exclude<HubServiceEvent, { kind: 'said' | 'time' }>;

export interface HubService {
  /** Subscribed with QoS 1, before anything of a subdevice. Exact topics. */
  readonly filters: readonly string[];
  connected(nowMs: number): void;
  disconnected(): void;
  /** The next message to send, at most one; the caller's pace decides when to ask again. */
  next(nowMs: number): HubServiceRequest | undefined;
  /** When `next` may have something without a new input, monotonic ms. */
  wakeAtMs(): number | undefined;
  /** A message on one of its filters; it may be stale, repeated or nonsense. */
  onReceived(message: Message, nowMs: number): readonly HubServiceEvent[];
}

/** All of them, as one. */
export class HubServices implements HubService {
  readonly #services: readonly HubService[];
  readonly #byTopic: ReadonlyMap<string, HubService>;
  readonly filters: readonly string[];

  constructor(services: readonly HubService[]) {
    this.#services = services;
    this.#byTopic = new Map(services.flatMap((service) => service.filters.map((filter) => [filter, service])));
    this.filters = [...this.#byTopic.keys()];
  }

  /** Is a message on this topic ours, and no subdevice's? */
  owns(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  connected(nowMs: number): void {
    for (const service of this.#services) service.connected(nowMs);
  }

  disconnected(): void {
    for (const service of this.#services) service.disconnected();
  }

  next(nowMs: number): HubServiceRequest | undefined {
    for (const service of this.#services) {
      const request = service.next(nowMs);
      if (request !== undefined) return request;
    }
    return undefined;
  }

  wakeAtMs(): number | undefined {
    const times = this.#services.map((service) => service.wakeAtMs() ?? Number.POSITIVE_INFINITY);
    const soonest = Math.min(...times);
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  onReceived(message: Message, nowMs: number): readonly HubServiceEvent[] {
    return this.#byTopic.get(message.topic)?.onReceived(message, nowMs) ?? [];
  }
}
