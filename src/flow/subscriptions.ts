/**
 * Subscriptions at the hub: keeps the session state equal to the real session, filter by filter. A grant is stored
 * lazily. A lost grant costs a SUBSCRIBE. A stored grant that the hub has lost is requested again in the next
 * connection, with any SessionPresent.
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
  /** 0: no limit. */
  readonly subscriptionsMax: number;
  readonly filters: FilterRequests;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Sends the packets that wait. */
  readonly send: () => void;
}

interface RejectedFilters {
  readonly subdevice: string;
  readonly filter: string;
}

interface SubscriptionState {
  readonly wanted: number;
  /** 0: no limit. */
  readonly max: number;
  readonly rejected: readonly RejectedFilters[];
}

/** Largest number of rejected filters kept for the technician. */
const REJECTED_MAX = 100;
/** Number of characters of an invalid filter that are shown. */
const FILTER_SHOWN_MAX = 200;

export class HubSubscriptions {
  readonly #options: HubSubscriptionsOptions;
  #isConnected = false;
  /**
   * Filter → reason of its rejection in this connection. A rejected filter is requested again in the next connection,
   * when its subdevice comes online or is bound, and after growing pauses.
   */
  readonly #refused = new Map<string, string>();
  /** Filters granted with QoS 0 in this connection, although QoS 1 was requested. */
  readonly #loweredQos = new Set<string>();
  readonly #rejected = new Map<string, RejectedFilters>();

  constructor(options: HubSubscriptionsOptions) {
    this.#options = options;
  }

  /** Number of wanted filters with the gateway's own, and the filters rejected because the limit is reached. */
  get status(): SubscriptionState {
    const { registry, services, subscriptionsMax } = this.#options;
    const wanted = registry.wantedFilters().size + services.filters.length;
    return { wanted, max: subscriptionsMax, rejected: [...this.#rejected.values()] };
  }

  /** Filter → reason why the hub does not serve it. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  get loweredQos(): ReadonlySet<string> {
    return this.#loweredQos;
  }

  /** Returns the state of a wanted filter. */
  stateOf(filter: string): 'granted' | 'granted with QoS 0' | 'refused' | 'unanswered' | 'asked' | 'wanted' {
    const { session, filters } = this.#options;
    if (session.granted.has(filter)) return this.#loweredQos.has(filter) ? 'granted with QoS 0' : 'granted';
    if (this.#refused.has(filter)) return 'refused';
    if (filters.isSilent(filter)) return 'unanswered';
    return filters.isAsked(filter) ? 'asked' : 'wanted';
  }

  /** Filters whose request the hub has not answered. */
  get silent(): readonly string[] {
    return [...this.#options.filters.silent.keys()];
  }

  /** Releases a filter that was held back, by command of an operator. */
  released(filter: string): void {
    this.#refused.delete(filter);
    this.#options.filters.look();
    this.#options.send();
  }

  hasRoom(): boolean {
    const { wanted, max } = this.status;
    return max === 0 || wanted < max;
  }

  /** Rejects a filter above the limit before the hub does, which would give no reason. Reported once per filter. */
  reject(subdevice: string, filter: string): void {
    const { facts, subscriptionsMax } = this.#options;
    if (this.#rejected.has(`${subdevice} ${filter}`)) return;
    const reason = `all ${subscriptionsMax} filters that the hub allows are in use`;
    facts.emit('subscriptionRefused', { subdevice, filter, reason });
    this.#rejected.set(`${subdevice} ${filter}`, { subdevice, filter });
    const [oldest] = this.#rejected.keys();
    if (oldest !== undefined && this.#rejected.size > REJECTED_MAX) this.#rejected.delete(oldest);
  }

  /** Called when the subdevice has got the filter, no longer wants it, or (without a filter) has left. */
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

  /** Requests a filter that a subdevice wants. */
  request(filter: string): void {
    if (this.#isConnected && !this.#options.session.granted.has(filter)) this.#ask('subscribe', filter);
  }

  /** Requests filters again that the hub may have rejected or lost. */
  renew(filters: Iterable<string>): void {
    if (!this.#isConnected) return;
    for (const filter of filters) {
      this.#refused.delete(filter);
      this.#ask('subscribe', filter);
    }
  }

  /** Requests those of the filters again that the hub has rejected. The permissions may have changed. */
  retry(filters: Iterable<string>): void {
    this.renew([...filters].filter((filter) => this.#refused.has(filter)));
  }

  /** Unsubscribes those of the filters at the hub that no subdevice wants any more. */
  release(filters: readonly string[]): void {
    const { registry } = this.#options;
    for (const filter of filters) if (this.#isConnected && !registry.isWanted(filter)) this.#ask('unsubscribe', filter);
  }

  /** Handles a SUBACK. */
  answered(suback: Extract<HubAction, { kind: 'subscribed' }>): void {
    const { session, committer, registry, filters, send } = this.#options;
    const { filter, answer } = suback;
    if (answer === 'refused') return this.#refuse(filter, 'the hub gives no permission for it (SUBACK 0x80)');
    if (answer === 'invalid')
      return this.#refuse(filter, `the hub answers SUBSCRIBE with an invalid SUBACK: ${suback.problem}`);
    filters.answered('subscribe', filter);
    send();
    this.#refused.delete(filter);
    if (answer === 'granted QoS 0') this.#loweredQos.add(filter);
    session.grant(filter);
    committer.addLazy({ kind: 'filterGranted', filter });
    const isWanted = registry.isWanted(filter) || this.#options.services.filters.includes(filter);
    if (!isWanted) this.#ask('unsubscribe', filter); // released before the answer came
  }

  #refuse(filter: string, reason: string): void {
    const { session, committer, facts, filters, clock, send } = this.#options;
    const isNews = this.#refused.get(filter) !== reason;
    this.#refused.set(filter, reason);
    filters.refused(filter, clock.nowMs());
    send();
    if (session.granted.has(filter)) {
      session.drop(filter); // granted before: the permission was taken back, or the session was lost
      committer.addLazy({ kind: 'filterGone', filter });
    }
    if (isNews) facts.emit('subscriptionRefused', { subdevice: undefined, filter, reason });
  }

  /** Handles an UNSUBACK. */
  unsubscribed(filter: string): void {
    const { session, committer, registry, filters, send } = this.#options;
    filters.answered('unsubscribe', filter);
    send();
    session.drop(filter);
    committer.addLazy({ kind: 'filterGone', filter });
    if (registry.isWanted(filter)) this.request(filter);
  }

  /** Called when a SUBACK or UNSUBACK is overdue. The connection stays, and the request is repeated later. */
  unanswered(kind: FilterVerb, filter: string): void {
    const { filters, facts, clock, send } = this.#options;
    const isNews = !filters.isSilent(filter);
    filters.unanswered(kind, filter, clock.nowMs());
    const reason = `the hub does not answer ${kind.toUpperCase()}; the request is repeated later`;
    if (isNews) facts.emit('subscriptionRefused', { subdevice: undefined, filter, reason });
    send();
  }

  /** Requests a valid filter. An invalid one never reaches the encoder, since it would end each connection. */
  #ask(kind: FilterVerb, filter: string): void {
    if (filterProblem(filter) !== undefined) return;
    this.#options.filters.ask(kind, filter);
    this.#options.send();
  }
}
