/**
 * What the hub is to hold for us, and what it holds: the session mirror kept true against the real hub, filter by filter.
 * A grant is durable lazily: forgetting one costs a SUBSCRIBE; one that is remembered and gone is sent again in the next
 * connection, whatever SessionPresent says.
 */
import type { Facts } from '../base/events.ts';
import type { Stamp } from '../base/time.ts';
import { filterProblem } from '../base/topic.ts';
import type { Committer } from '../commit/committer.ts';
import type { HubAction } from '../hub/client/hub-contract.ts';
import type { HubServices } from '../hub/gateway/hub-service.ts';
import type { HubSessionState } from '../hub/session/session-state.ts';
import type { Clock } from '../ports.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';
import type { FilterRequests, FilterVerb } from './filter-requests.ts';

export interface HubSubscriptionsOptions {
  readonly facts: Facts;
  readonly stamp: () => Stamp;
  readonly registry: SubdeviceRegistry;
  readonly session: HubSessionState;
  readonly committer: Committer;
  readonly services: HubServices;
  /** 0 = no limit. */
  readonly subscriptionsMax: number;
  readonly filters: FilterRequests;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** What waits may be sent. */
  readonly send: () => void;
}

interface RejectedFilters {
  readonly subdevice: string;
  readonly filter: string;
}

interface SubscriptionState {
  readonly wanted: number;
  /** 0 = no limit. */
  readonly max: number;
  readonly rejected: readonly RejectedFilters[];
}

/** Remembered for the technician. */
const TURNED_AWAY_MAX = 100;
/** Characters of an invalid filter that are shown. */
const FILTER_SHOWN_MAX = 200;

export class HubSubscriptions {
  readonly #options: HubSubscriptionsOptions;
  #isConnected = false;
  /**
   * Refused by the hub in this connection, and why: not asked for again until the next, or until the subdevice that wants it
   * is online or bound.
   */
  readonly #refused = new Map<string, string>();
  /** Granted with QoS 0 in this connection, though QoS 1 was asked for. */
  readonly #loweredQos = new Set<string>();
  readonly #rejected = new Map<string, RejectedFilters>();

  constructor(options: HubSubscriptionsOptions) {
    this.#options = options;
  }

  /** How many are wanted, the gateway's own included; and for whom there was no room and is none still. */
  get standing(): SubscriptionState {
    const { registry, services, subscriptionsMax } = this.#options;
    const wanted = registry.wantedFilters().size + services.filters.length;
    return { wanted, max: subscriptionsMax, rejected: [...this.#rejected.values()] };
  }

  /** Filter → why the hub does not serve it. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  get loweredQos(): ReadonlySet<string> {
    return this.#loweredQos;
  }

  /** Of a filter that somebody wants. */
  stateOf(filter: string): 'granted' | 'granted with QoS 0' | 'refused' | 'unanswered' | 'asked' | 'wanted' {
    const { session, filters } = this.#options;
    if (session.granted.has(filter)) return this.#loweredQos.has(filter) ? 'granted with QoS 0' : 'granted';
    if (this.#refused.has(filter)) return 'refused';
    if (filters.silent.has(filter)) return 'unanswered';
    return filters.isAsked(filter) ? 'asked' : 'wanted';
  }

  /** Filters whose request the hub leaves unanswered. */
  get silent(): readonly string[] {
    return [...this.#options.filters.silent.keys()];
  }

  /** By order it is no longer held back. */
  released(filter: string): void {
    this.#refused.delete(filter);
    this.#options.filters.look();
    this.#options.send();
  }

  hasRoom(): boolean {
    const { wanted, max } = this.standing;
    return max === 0 || wanted < max;
  }

  /** There was no room for it: refused before the hub does, which would not say why. Told once, however often it comes. */
  reject(subdevice: string, filter: string): void {
    const { facts, subscriptionsMax } = this.#options;
    if (this.#rejected.has(`${subdevice} ${filter}`)) return;
    const reason = `all ${subscriptionsMax} filters that the hub allows are taken`;
    facts.emit('subscriptionRefused', { subdevice, filter, reason });
    this.#rejected.set(`${subdevice} ${filter}`, { subdevice, filter });
    const [oldest] = this.#rejected.keys();
    if (oldest !== undefined && this.#rejected.size > TURNED_AWAY_MAX) this.#rejected.delete(oldest);
  }

  /** The subdevice has got it, wants it no more, or (without a filter) has gone. */
  forget(subdevice: string, filter?: string): void {
    for (const [key, one] of this.#rejected)
      if (one.subdevice === subdevice && (filter === undefined || one.filter === filter)) this.#rejected.delete(key);
  }

  connected(sessionPresent: boolean): void {
    const { session, registry, services, committer, stamp, facts } = this.#options;
    this.#isConnected = true;
    this.#refused.clear();
    this.#loweredQos.clear();
    const wanted = registry.wantedFilters();
    for (const filter of services.filters) wanted.add(filter);
    const { gone, subscribe, unsubscribe, invalid } = session.connected(sessionPresent, wanted, stamp());
    for (const filter of gone) committer.addLazy({ kind: 'filterGone', filter });
    committer.addLazy({ kind: 'hubSession', row: session.row });
    for (const filter of invalid) {
      const reason = `the stored filter is not valid: ${filterProblem(filter)?.problem}`;
      this.#refused.set(filter, reason);
      facts.emit('subscriptionRefused', { subdevice: undefined, filter: filter.slice(0, FILTER_SHOWN_MAX), reason });
    }
    for (const filter of subscribe) this.#options.filters.ask('subscribe', filter);
    for (const filter of unsubscribe) this.#options.filters.ask('unsubscribe', filter);
    const granted = [...session.granted].filter((filter) => wanted.has(filter));
    this.#options.filters.renew(granted, this.#options.clock.nowMs());
  }

  disconnected(): void {
    const { session, committer, stamp } = this.#options;
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#options.filters.clear();
    session.disconnected(stamp());
    committer.addLazy({ kind: 'hubSession', row: session.row });
  }

  /** Somebody wants it (again). */
  want(filter: string): void {
    if (this.#isConnected && !this.#options.session.granted.has(filter)) this.#ask('subscribe', filter);
  }

  /** The hub may have refused these, or dropped them without a word: they are asked for again. */
  renew(filters: Iterable<string>): void {
    if (!this.#isConnected) return;
    for (const filter of filters) {
      this.#refused.delete(filter);
      this.#ask('subscribe', filter);
    }
  }

  /** Whoever wants these may have them by now: what the hub has refused of them is asked for again. */
  retry(filters: Iterable<string>): void {
    this.renew([...filters].filter((filter) => this.#refused.has(filter)));
  }

  /** Somebody wants these no more; the hub is told if nobody does. */
  release(filters: readonly string[]): void {
    const { registry } = this.#options;
    for (const filter of filters) if (this.#isConnected && !registry.isWanted(filter)) this.#ask('unsubscribe', filter);
  }

  /** SUBACK. */
  answered(suback: Extract<HubAction, { kind: 'subscribed' }>): void {
    const { session, committer, registry, filters, send } = this.#options;
    const { filter, answer } = suback;
    filters.answered('subscribe', filter);
    send();
    if (answer === 'refused') return this.#refuse(filter, 'the hub gives no permission for it (SUBACK 0x80)');
    if (answer === 'invalid')
      return this.#refuse(filter, `the hub answers SUBSCRIBE with an invalid SUBACK: ${suback.problem}`);
    if (answer === 'granted QoS 0') this.#loweredQos.add(filter);
    session.grant(filter);
    committer.addLazy({ kind: 'filterGranted', filter });
    const isWanted = registry.isWanted(filter) || this.#options.services.filters.includes(filter);
    if (!isWanted) this.#ask('unsubscribe', filter); // released while the hub was thinking
  }

  #refuse(filter: string, reason: string): void {
    const { session, committer, facts } = this.#options;
    this.#refused.set(filter, reason);
    if (session.granted.has(filter)) {
      session.drop(filter); // granted before: the permission was taken back, or the session was lost
      committer.addLazy({ kind: 'filterGone', filter });
    }
    facts.emit('subscriptionRefused', { subdevice: undefined, filter, reason });
  }

  /** UNSUBACK. */
  unsubscribed(filter: string): void {
    const { session, committer, registry, filters, send } = this.#options;
    filters.answered('unsubscribe', filter);
    send();
    session.drop(filter);
    committer.addLazy({ kind: 'filterGone', filter });
    if (registry.isWanted(filter)) this.want(filter);
  }

  /** No SUBACK or UNSUBACK in the time for it: the connection stays, and the hub is asked again later. */
  unanswered(kind: FilterVerb, filter: string): void {
    const { filters, facts, clock, send } = this.#options;
    const isNews = !filters.silent.has(filter);
    filters.unanswered(kind, filter, clock.nowMs());
    const reason = `the hub does not answer ${kind.toUpperCase()}; it is asked again later`;
    if (isNews) facts.emit('subscriptionRefused', { subdevice: undefined, filter, reason });
    send();
  }

  /** An invalid filter never reaches the encoder: it would end each connection. */
  #ask(kind: FilterVerb, filter: string): void {
    if (filterProblem(filter) !== undefined) return;
    this.#options.filters.ask(kind, filter);
    this.#options.send();
  }
}
