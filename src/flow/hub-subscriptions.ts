/**
 * What the hub is to hold for us, and what it holds: the session mirror kept true against the real hub, filter by filter.
 * A grant is durable lazily: forgetting one costs a SUBSCRIBE, remembering one that is gone is mended by SessionPresent.
 */
import type { Facts } from '../base/events.ts';
import type { Stamp } from '../base/time.ts';
import type { HubInput } from '../hub/contract.ts';
import type { OwnServices } from '../hub/own-service.ts';
import type { SessionMirror } from '../hub/session-mirror.ts';
import type { Mirror } from '../session/mirror.ts';
import type { Committer } from './committer.ts';

export interface HubSubscriptionsOptions {
  readonly facts: Facts;
  readonly stamp: () => Stamp;
  readonly mirror: Mirror;
  readonly session: SessionMirror;
  readonly committer: Committer;
  readonly services: OwnServices;
  /** 0 = no limit. */
  readonly subscriptionsMax: number;
  readonly order: (order: HubInput) => void;
}

export class HubSubscriptions {
  readonly #options: HubSubscriptionsOptions;
  #isConnected = false;
  /** Refused by the hub in this connection: not asked for again until the next. */
  readonly #refused = new Set<string>();

  constructor(options: HubSubscriptionsOptions) {
    this.#options = options;
  }

  get refused(): ReadonlySet<string> {
    return this.#refused;
  }

  hasRoom(): boolean {
    const { subscriptionsMax, mirror, services } = this.#options;
    return subscriptionsMax === 0 || mirror.wantedFilters().size + services.filters.length < subscriptionsMax;
  }

  connected(sessionPresent: boolean): void {
    const { session, mirror, services, committer, stamp, order } = this.#options;
    this.#isConnected = true;
    this.#refused.clear();
    const wanted = mirror.wantedFilters();
    for (const filter of services.filters) wanted.add(filter);
    const { gone, subscribe, unsubscribe } = session.connected(sessionPresent, wanted, stamp());
    for (const filter of gone) committer.ride({ kind: 'filterGone', filter });
    committer.ride({ kind: 'hubSession', row: session.row });
    for (const filter of subscribe) order({ kind: 'subscribe', filter });
    for (const filter of unsubscribe) order({ kind: 'unsubscribe', filter });
  }

  /** @param sentTo uplinks up to this number may have been sent */
  disconnected(sentTo: number): void {
    const { session, committer, stamp } = this.#options;
    if (!this.#isConnected) return;
    this.#isConnected = false;
    session.disconnected(stamp(), sentTo);
    committer.ride({ kind: 'hubSession', row: session.row });
  }

  /** Somebody wants it (again). */
  want(filter: string): void {
    if (this.#isConnected && !this.#options.session.granted.has(filter))
      this.#options.order({ kind: 'subscribe', filter });
  }

  /** The hub may have refused these, or dropped them without a word: they are asked for again. */
  renew(filters: Iterable<string>): void {
    if (!this.#isConnected) return;
    for (const filter of filters) {
      this.#refused.delete(filter);
      this.#options.order({ kind: 'subscribe', filter });
    }
  }

  /** Somebody wants these no more; the hub is told if nobody does. */
  release(filters: readonly string[]): void {
    const { mirror, order } = this.#options;
    for (const filter of filters)
      if (this.#isConnected && !mirror.isWanted(filter)) order({ kind: 'unsubscribe', filter });
  }

  /** SUBACK. */
  answered(filter: string, isGranted: boolean): void {
    const { session, committer, facts, mirror, order } = this.#options;
    if (!isGranted) {
      this.#refused.add(filter);
      facts.emit('subscriptionRefused', { filter, reason: 'the hub gives no permission for it (SUBACK 0x80)' });
      return;
    }
    session.grant(filter);
    committer.ride({ kind: 'filterGranted', filter });
    const isWanted = mirror.isWanted(filter) || this.#options.services.filters.includes(filter);
    if (!isWanted) order({ kind: 'unsubscribe', filter }); // released while the hub was thinking
  }

  /** UNSUBACK. */
  unsubscribed(filter: string): void {
    const { session, committer, mirror } = this.#options;
    session.drop(filter);
    committer.ride({ kind: 'filterGone', filter });
    if (mirror.isWanted(filter)) this.want(filter);
  }
}
