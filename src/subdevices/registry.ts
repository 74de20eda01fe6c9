/**
 * Durable copy of the subdevices and their sessions: ids, subscriptions (in the hub's topics), and topic ids. Pure
 * state. `flow/presence.ts`, `flow/session-requests.ts` and `flow/downlink.ts` change it and commit the changes.
 *
 * A session belongs to the client id, not to the port on which the subdevice was last seen.
 */
import type { Qos } from '../base/message.ts';
import { filterMatches } from '../base/topic.ts';
import { ownerOf } from '../custody/lane-number.ts';
import type { StoreOpening, SubdeviceRow } from '../custody/row.ts';

export interface Subdevice {
  readonly lane: number;
  readonly id: string;
  lasting: boolean;
  link: string;
  isAttached: boolean;
  readonly subscriptions: Map<string, Qos>;
  /** Topic id → topic in the subdevice's own names. */
  readonly topicIds: Map<number, string>;
}

export interface Route {
  readonly subdevice: Subdevice;
  /** Highest QoS requested among the matching filters. */
  readonly qos: Qos;
}

/** Lane of messages that belong to no subdevice, for example downlinks without a subscriber. */
export const NOBODY = 0;

export class SubdeviceRegistry {
  readonly #byId = new Map<string, Subdevice>();
  readonly #byLane = new Map<number, Subdevice>();
  /** Filter without wildcards → lanes. */
  readonly #exact = new Map<string, Set<number>>();
  /** Filter with wildcards → lanes. */
  readonly #wild = new Map<string, Set<number>>();
  #nextLane = NOBODY + 1;

  constructor(opening: Pick<StoreOpening, 'subdevices' | 'subscriptions' | 'topicIds'>) {
    for (const row of opening.subdevices) this.#add({ ...row });
    for (const { lane, filter, qos } of opening.subscriptions) {
      const subdevice = this.#byLane.get(lane);
      if (subdevice !== undefined) this.subscribe(subdevice, filter, qos);
    }
    for (const { lane, topicId, topic } of opening.topicIds) this.#byLane.get(lane)?.topicIds.set(topicId, topic);
  }

  byId(id: string): Subdevice | undefined {
    return this.#byId.get(id);
  }

  /** Returns the subdevice of a lane of any kind. */
  byLane(lane: number): Subdevice | undefined {
    return this.#byLane.get(ownerOf(lane));
  }

  all(): IterableIterator<Subdevice> {
    return this.#byLane.values();
  }

  /** Returns the subdevice with an id, known or new. @returns `isNew`: its row must be committed */
  enter(id: string, link: string): { readonly subdevice: Subdevice; readonly isNew: boolean } {
    const known = this.#byId.get(id);
    if (known !== undefined) return { subdevice: known, isNew: false };
    return { subdevice: this.#add({ lane: this.#nextLane, id, lasting: true, link }), isNew: true };
  }

  subscribe(subdevice: Subdevice, filter: string, qos: Qos): void {
    subdevice.subscriptions.set(filter, qos);
    const index = this.#indexOf(filter);
    const lanes = index.get(filter);
    if (lanes === undefined) index.set(filter, new Set([subdevice.lane]));
    else lanes.add(subdevice.lane);
  }

  unsubscribe(subdevice: Subdevice, filter: string): void {
    subdevice.subscriptions.delete(filter);
    const index = this.#indexOf(filter);
    const lanes = index.get(filter);
    lanes?.delete(subdevice.lane);
    if (lanes?.size === 0) index.delete(filter);
  }

  /** Called when a clean session begins or ends: removes its subscriptions and topic ids. */
  clear(subdevice: Subdevice): void {
    for (const filter of [...subdevice.subscriptions.keys()]) this.unsubscribe(subdevice, filter);
    subdevice.topicIds.clear();
  }

  /** Filters of all subdevices, each once: the filters that the hub must hold. */
  wantedFilters(): Set<string> {
    return new Set([...this.#exact.keys(), ...this.#wild.keys()]);
  }

  isWanted(filter: string): boolean {
    return this.#indexOf(filter).has(filter);
  }

  /** Returns the receivers of a message on `topic`, each once, even if several of its filters match. */
  route(topic: string): Route[] {
    const qosByLane = new Map<number, Qos>();
    const note = (filter: string, lanes: ReadonlySet<number>): void => {
      for (const lane of lanes) {
        const qos = this.#byLane.get(lane)?.subscriptions.get(filter) ?? 0;
        qosByLane.set(lane, qos === 1 ? 1 : (qosByLane.get(lane) ?? 0));
      }
    };
    const exact = this.#exact.get(topic);
    if (exact !== undefined) note(topic, exact);
    for (const [filter, lanes] of this.#wild) if (filterMatches(filter, topic)) note(filter, lanes);
    return [...qosByLane].flatMap(([lane, qos]) => {
      const subdevice = this.#byLane.get(lane);
      return subdevice === undefined ? [] : [{ subdevice, qos }];
    });
  }

  #add(row: {
    readonly lane: number;
    readonly id: string;
    readonly lasting: boolean;
    readonly link: string;
  }): Subdevice {
    const subdevice = {
      ...row,
      isAttached: false,
      subscriptions: new Map(),
      topicIds: new Map(),
    };
    this.#byId.set(row.id, subdevice);
    this.#byLane.set(row.lane, subdevice);
    this.#nextLane = Math.max(this.#nextLane, row.lane + 1);
    return subdevice;
  }

  #indexOf(filter: string): Map<string, Set<number>> {
    return filter.includes('#') || filter.includes('+') ? this.#wild : this.#exact;
  }
}

export function rowOf({ lane, id, lasting, link }: Subdevice): SubdeviceRow {
  return { lane, id, lasting, link };
}
