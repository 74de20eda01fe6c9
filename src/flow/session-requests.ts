/**
 * Requests of subdevices that change their sessions: SUBSCRIBE, UNSUBSCRIBE and topic ids.
 *
 * The registry changes at once; the answer to the subdevice is sent when the change is committed. The hub is asked for
 * exactly the wanted filters: after a connection for the difference, otherwise one by one.
 */
import type { Facts } from '../base/events.ts';
import { filterProblem } from '../base/topic.ts';
import type { SessionChanges } from '../commit/session-changes.ts';
import type { Change } from '../custody/change.ts';
import type { DriverReport, RefuseReason } from '../driver/driver.ts';
import { type HubLimits, topicLimitProblem } from '../outbox/hub-limits.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { CommandLink } from './links.ts';
import type { HubSubscriptions } from './subscriptions.ts';

export interface SessionRequestsOptions {
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly sessions: SessionChanges;
  readonly subscriptions: HubSubscriptions;
  readonly commandLink: CommandLink;
  readonly topicsOf: (subdevice: string) => TopicMap;
  /**
   * Returns the filters that the gateway subscribes for the subdevice. `undefined`: the subdevice subscribes itself.
   */
  readonly filtersOf: (subdevice: string, link: string) => readonly string[] | undefined;
  readonly hubLimits: HubLimits;
}

type Report<Kind extends DriverReport['kind']> = Extract<DriverReport, { kind: Kind }>;

/** Report of a subdevice that waits for an answer. */
interface Request {
  readonly subdevice: string;
  readonly token: number;
}

export class SessionRequests {
  readonly #options: SessionRequestsOptions;

  constructor(options: SessionRequestsOptions) {
    this.#options = options;
  }

  /**
   * Called at the start. Removes filters that the gateway subscribed for a subdevice under an earlier configuration and
   * on which the subdevice can no longer receive. The hub is not asked for these filters again.
   */
  forgetUnreceivable(): void {
    const { registry, topicsOf, filtersOf, subscriptions, sessions } = this.#options;
    for (const subdevice of registry.all()) {
      const filters = filtersOf(subdevice.id, subdevice.link);
      if (filters === undefined) continue;
      const receivable = new Set(filters.map((filter) => topicsOf(subdevice.id).filterToHub(filter)));
      const gone = [...subdevice.subscriptions.keys()].filter((filter) => !receivable.has(filter));
      for (const filter of gone) {
        registry.unsubscribe(subdevice, filter);
        sessions.addLazy([{ kind: 'unsubscribe', lane: subdevice.lane, filter }]);
      }
      subscriptions.release(gone);
    }
  }

  subscribe(link: string, report: Report<'subscribe'>): void {
    const { registry, facts, subscriptions, sessions, hubLimits } = this.#options;
    const subdevice = this.#entered(report.subdevice);
    const filter = this.#options.topicsOf(subdevice.id).filterToHub(report.filter);
    if (filter === undefined) return this.#refuse(link, report, 'not allowed');
    if (filterProblem(filter) !== undefined) return this.#refuse(link, report, 'invalid topic');
    const excess = topicLimitProblem(filter, hubLimits);
    if (excess !== undefined) {
      facts.emit('subscriptionRefused', { subdevice: subdevice.id, filter, reason: excess.words });
      return this.#refuse(link, report, 'not supported');
    }
    if (!registry.isWanted(filter) && !subscriptions.hasRoom()) {
      subscriptions.reject(subdevice.id, filter);
      return this.#refuse(link, report, 'congestion'); // MQTT-SN 1.2 §5.3.10: the only code for a temporary cause
    }
    subscriptions.forget(subdevice.id, filter);
    const changes: Change[] = [];
    if (subdevice.subscriptions.get(filter) !== report.qos) {
      registry.subscribe(subdevice, filter, report.qos);
      changes.push({ kind: 'subscribe', row: { lane: subdevice.lane, filter, qos: report.qos } });
      facts.emit('subscriptionAdded', { subdevice: subdevice.id, filter });
    }
    if (report.topicId !== undefined) changes.push(...this.#bind(subdevice, report.topicId, report.filter));
    subscriptions.request(filter);
    sessions.require(subdevice.lane, changes, () => this.#confirm(link, report));
  }

  unsubscribe(link: string, report: Report<'unsubscribe'>): void {
    const { registry, facts, subscriptions, sessions } = this.#options;
    const subdevice = this.#entered(report.subdevice);
    const filter = this.#options.topicsOf(subdevice.id).filterToHub(report.filter);
    const confirm = (): void => this.#confirm(link, report);
    if (filter !== undefined) subscriptions.forget(subdevice.id, filter);
    if (filter === undefined || !subdevice.subscriptions.has(filter))
      return sessions.require(subdevice.lane, [], confirm);
    registry.unsubscribe(subdevice, filter);
    subscriptions.release([filter]);
    facts.emit('subscriptionRemoved', { subdevice: subdevice.id, filter });
    sessions.require(subdevice.lane, [{ kind: 'unsubscribe', lane: subdevice.lane, filter }], confirm);
  }

  topicBound(link: string, report: Report<'topicBound'>): void {
    const { topicId, topic } = report;
    const subdevice = this.#entered(report.subdevice);
    const changes = this.#bind(subdevice, topicId, topic);
    this.#options.sessions.require(subdevice.lane, changes, () => this.#confirm(link, report));
  }

  /** Removes a topic id in the store before its successor is added. */
  topicReleased({ subdevice: id, topicId }: Report<'topicReleased'>): void {
    const subdevice = this.#entered(id);
    if (!subdevice.topicIds.delete(topicId)) return;
    this.#options.sessions.addLazy([{ kind: 'topicIdGone', lane: subdevice.lane, topicId }]);
  }

  #confirm(link: string, { subdevice, token }: Request): void {
    this.#options.commandLink(link, { kind: 'confirm', subdevice, token });
  }

  #bind(subdevice: Subdevice, topicId: number, topic: string): Change[] {
    if (subdevice.topicIds.get(topicId) === topic) return [];
    subdevice.topicIds.set(topicId, topic);
    return [{ kind: 'topicId', lane: subdevice.lane, topicId, topic }];
  }

  #refuse(link: string, { subdevice, token }: Request, why: RefuseReason): void {
    this.#options.commandLink(link, { kind: 'refuse', subdevice, token, why });
  }

  /** Returns the subdevice of a report. */
  #entered(id: string): Subdevice {
    const subdevice = this.#options.registry.byId(id);
    if (subdevice === undefined) throw new Error(`report of ${id}, which never attached`);
    return subdevice;
  }
}
