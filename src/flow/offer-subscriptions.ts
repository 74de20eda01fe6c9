/**
 * Subscriptions of the topic of firmware offers, in the names of the subdevices. A record names the filter that the gateway
 * has subscribed for its subdevice, so that the subscription ends with another topic of offers, or without updates.
 */
import type { Facts } from '../base/events.ts';
import type { SessionChanges } from '../commit/session-changes.ts';
import type { FirmwareRecords } from '../firmware/firmware-records.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { HubSubscriptions } from './subscriptions.ts';

export interface OfferSubscriptionsOptions {
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly sessions: Pick<SessionChanges, 'require'>;
  readonly subscriptions: Pick<HubSubscriptions, 'hasRoom' | 'reject' | 'request' | 'release' | 'forget'>;
  readonly topicsOf: (subdevice: string) => TopicMap;
}

export class OfferSubscriptions {
  readonly #options: OfferSubscriptionsOptions;
  readonly #records: FirmwareRecords;
  /** Topic of the offers, in the subdevice's own names. `undefined`: no updates. */
  readonly #topic: string | undefined;

  constructor(options: OfferSubscriptionsOptions, records: FirmwareRecords, topic: string | undefined) {
    this.#options = options;
    this.#records = records;
    this.#topic = topic;
  }

  /** Subscribes the offers for a subdevice with a record. @returns false if they are subscribed already, or cannot be */
  subscribe(subdevice: Subdevice): boolean {
    const { registry, sessions, subscriptions, facts } = this.#options;
    const { id, lane } = subdevice;
    const filter = this.#filterOf(id);
    if (filter === undefined) return false;
    const isNew = !subdevice.subscriptions.has(filter);
    if (isNew && !registry.isWanted(filter) && !subscriptions.hasRoom()) {
      subscriptions.reject(id, filter);
      return false;
    }
    this.#note(id, filter, true);
    if (!isNew) return false;
    subscriptions.forget(id, filter);
    registry.subscribe(subdevice, filter, 1);
    sessions.require(lane, [{ kind: 'subscribe', row: { lane, filter, qos: 1 } }], () => undefined);
    facts.emit('subscriptionAdded', { subdevice: id, filter });
    subscriptions.request(filter);
    return true;
  }

  /** Ends the subscriptions of another topic of offers, which an earlier process has made. */
  releaseOthers(): void {
    const { registry, sessions, subscriptions, facts } = this.#options;
    for (const { subdevice: id, offers } of [...this.#records.all()]) {
      if (offers?.isActive !== true || offers.filter === this.#filterOf(id)) continue;
      const { filter } = offers;
      const released = (): void => this.#note(id, filter, false);
      const subdevice = registry.byId(id);
      if (subdevice === undefined || !subdevice.subscriptions.has(filter)) {
        released();
        continue;
      }
      registry.unsubscribe(subdevice, filter);
      subscriptions.release([filter]);
      facts.emit('subscriptionRemoved', { subdevice: id, filter });
      // a record that is written first would leave the subscription after a crash
      sessions.require(subdevice.lane, [{ kind: 'unsubscribe', lane: subdevice.lane, filter }], released);
    }
  }

  #note(id: string, filter: string, isActive: boolean): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const { offers } = record;
    const isOther = offers?.filter !== filter;
    if (!isActive && isOther) return; // subscribed to another topic meanwhile
    if (isOther || offers.isActive !== isActive) this.#records.set({ ...record, offers: { filter, isActive } });
  }

  #filterOf(id: string): string | undefined {
    return this.#topic === undefined ? undefined : this.#options.topicsOf(id).filterToHub(this.#topic);
  }
}
