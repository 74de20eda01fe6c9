/**
 * Services of the gateway itself at the hub, in addition to carrying messages: announcing subdevices, requesting the
 * time.
 *
 * Each service is a station with its own topics: it returns the requests to send and reads the answers. Requests have
 * QoS 0, since each is repeated until it is answered. They are sent in the one paced stream (`flow/hub-sender.ts`).
 */

import type { HubConfigOutcome, HubDocument } from '../../base/hub-configuration.ts';
import type { HubIdentity } from '../../base/hub-identity.ts';
import type { Message } from '../../base/message.ts';
import type { RemoteErrorCode, RemoteRequest } from '../../base/remote-command.ts';

export interface HubServiceRequest {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Meaning of a message from the hub. */
export type HubServiceEvent =
  /** Text for the technician. */
  | { readonly kind: 'notice'; readonly sentence: string }
  /** Current time of the hub's clock: Unix ms, with an error of at most `errorMs`. */
  | { readonly kind: 'time'; readonly wallMs: number; readonly errorMs: number }
  /** A configured subdevice was bound to this gateway or unbound. */
  | { readonly kind: 'binding'; readonly identity: HubIdentity; readonly isBound: boolean }
  /** The hub has confirmed that a subdevice is online, so the subdevice may use its topics. */
  | { readonly kind: 'announced'; readonly identity: HubIdentity }
  /** A `bind` or `unbind` has ended with the hub's result code. */
  | {
      readonly kind: 'answered';
      readonly verb: 'bind' | 'unbind';
      readonly identity: HubIdentity;
      readonly code: number;
    }
  /** The hub's list of bound subdevices was received and needs no second list. */
  | { readonly kind: 'described' }
  /** A command for the gateway itself, which must be run and answered. */
  | { readonly kind: 'remoteCommand'; readonly request: RemoteRequest }
  /** A command for the gateway itself was rejected with an answer. `id`: `null` if the request has none. */
  | { readonly kind: 'remoteRejected'; readonly id: string | null; readonly code: RemoteErrorCode }
  /** A configuration for the gateway, which must be applied and reported. */
  | { readonly kind: 'configuration'; readonly document: HubDocument }
  /** A configuration for the gateway that is not a valid document, which must be reported. */
  | { readonly kind: 'configurationRejected'; readonly outcome: HubConfigOutcome };

/** Events of what the hub sends to the gateway itself. */
export type RemoteReport = Extract<
  HubServiceEvent,
  { kind: 'remoteCommand' | 'remoteRejected' | 'configuration' | 'configurationRejected' }
>;

/** Events that `flow/subdevice-bindings.ts` handles. */
export type BindingReport = Exclude<HubServiceEvent, RemoteReport | { kind: 'notice' | 'time' }>;

export interface HubService {
  /** Exact topics, or filters that end in `/+`, subscribed with QoS 1 before the filters of subdevices. */
  readonly filters: readonly string[];
  connected(nowMs: number): void;
  disconnected(): void;
  /** Returns the next message to send, at most one. The caller's pace decides when to ask again. */
  next(nowMs: number): HubServiceRequest | undefined;
  /** Time at which `next` may have a message without a new input, monotonic ms. */
  wakeAtMs(): number | undefined;
  /** Handles a message on one of the filters. The message may be stale, repeated, retained or invalid. */
  onReceived(message: Message, nowMs: number): readonly HubServiceEvent[];
}

/** All services as one. */
export class HubServices implements HubService {
  readonly #services: readonly HubService[];
  readonly #byTopic: ReadonlyMap<string, HubService>;
  readonly filters: readonly string[];

  constructor(services: readonly HubService[]) {
    this.#services = services;
    this.#byTopic = new Map(services.flatMap((service) => service.filters.map((filter) => [filter, service])));
    this.filters = [...this.#byTopic.keys()];
  }

  /** True if messages on this topic are for a service and not for a subdevice. */
  owns(topic: string): boolean {
    return this.#serviceFor(topic) !== undefined;
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
    return this.#serviceFor(message.topic)?.onReceived(message, nowMs) ?? [];
  }

  #serviceFor(topic: string): HubService | undefined {
    return this.#byTopic.get(topic) ?? this.#byTopic.get(topic.replace(/\/[^/]*$/, '/+'));
  }
}
