/**
 * The topic ids of one client's session: which id stands for which topic, and which of them the client has been told in
 * this connection.
 *
 * Invariants: an id stands for one topic as long as the session lives, and is not given again; an id is used towards
 * the client only after it was told in this very connection (a client that restarted has forgotten); at most
 * `topicIdsMax`.
 * Source: MQTT-SN 1.2 §6.5, §6.7, §6.10.
 */
import type { Restorable } from '../base/snapshot.ts';
import { type FilterReference, isShortName, TOPIC_ID_MAX, type TopicReference } from '../codec/mqttsn.ts';

interface Binding {
  readonly topic: string;
  /** The flow has made it durable. */
  readonly isDurable: boolean;
}

export interface TopicLimits {
  /** Known to both sides beforehand, by configuration. */
  readonly predefinedTopics: ReadonlyMap<number, string>;
  readonly topicIdsMax: number;
}

export interface TopicTableSnapshot {
  readonly bindings: ReadonlyMap<number, Binding>;
  /** Those by which their topics are known now. */
  readonly ids: readonly number[];
  readonly told: readonly number[];
  readonly lastId: number;
}

export class TopicTable implements Restorable<TopicTableSnapshot> {
  readonly #limits: TopicLimits;
  readonly #predefinedIds: ReadonlyMap<string, number>;
  readonly #bindings = new Map<number, Binding>();
  readonly #ids = new Map<string, number>();
  readonly #told = new Set<number>();
  #lastId = 0;

  constructor(limits: TopicLimits) {
    this.#limits = limits;
    this.#predefinedIds = new Map([...limits.predefinedTopics].map(([id, topic]) => [topic, id]));
  }

  /** A clean session: everything given is forgotten. */
  forget(): void {
    this.#bindings.clear();
    this.#ids.clear();
    this.#lastId = 0;
  }

  /**
   * A new connection: what is durable counts, and the client has been told nothing. Ids that were given before and are
   * not durable may still become so: they are not given again.
   */
  resume(durable: ReadonlyMap<number, string>): void {
    this.#told.clear();
    this.#bindings.clear();
    this.#ids.clear();
    for (const [id, topic] of durable) {
      this.#set(id, topic, true);
      this.#lastId = Math.max(this.#lastId, id);
    }
  }

  /** The id of `topic`, given now if it had none; `undefined` when no more may be given. */
  give(topic: string): number | undefined {
    const known = this.#ids.get(topic);
    if (known !== undefined) return known;
    if (this.#bindings.size >= this.#limits.topicIdsMax || this.#lastId >= TOPIC_ID_MAX) return undefined;
    this.#lastId += 1;
    this.#set(this.#lastId, topic, false);
    return this.#lastId;
  }

  isDurable(id: number): boolean {
    return this.#bindings.get(id)?.isDurable === true;
  }

  /** The flow has made the binding durable. */
  bind(id: number, topic: string): void {
    this.#set(id, topic, true);
  }

  /** The flow refused the binding: the id stands for nothing, and is not given again. */
  release(id: number): void {
    const binding = this.#bindings.get(id);
    if (binding === undefined || binding.isDurable) return;
    this.#bindings.delete(id);
    if (this.#ids.get(binding.topic) === id) this.#ids.delete(binding.topic);
  }

  /** The client knows the id from now on, in this connection. */
  told(id: number): void {
    this.#told.add(id);
  }

  /** The client says that it does not know the id. */
  untold(id: number): void {
    this.#told.delete(id);
  }

  /** The name behind the topic of a PUBLISH from the client; `undefined`: invalid topic id. */
  nameOf(topic: TopicReference): string | undefined {
    const name = this.#lookUp(topic);
    return name === undefined || hasWildcard(name) ? undefined : name;
  }

  filterOf(filter: FilterReference): string | undefined {
    return filter.type === 'predefined' ? this.#limits.predefinedTopics.get(filter.id) : filter.name;
  }

  /** How `topic` can be sent to the client without a REGISTER; `undefined`: it must be registered first. */
  referenceTo(topic: string): TopicReference | undefined {
    const id = this.#ids.get(topic);
    if (id !== undefined && this.#told.has(id)) return { type: 'normal', id };
    const predefinedId = this.#predefinedIds.get(topic);
    if (predefinedId !== undefined) return { type: 'predefined', id: predefinedId };
    return isShortName(topic) ? { type: 'short', name: topic } : undefined;
  }

  snapshot(): TopicTableSnapshot {
    return {
      bindings: new Map(this.#bindings),
      ids: [...this.#ids.values()],
      told: [...this.#told],
      lastId: this.#lastId,
    };
  }

  restore({ bindings, ids, told, lastId }: TopicTableSnapshot): void {
    for (const [id, binding] of bindings) this.#bindings.set(id, binding);
    for (const id of ids) this.#ids.set(bindings.get(id)?.topic ?? '', id);
    for (const id of told) this.#told.add(id);
    this.#lastId = lastId;
  }

  #lookUp(topic: TopicReference): string | undefined {
    switch (topic.type) {
      case 'normal': {
        const binding = this.#bindings.get(topic.id);
        return binding?.isDurable ? binding.topic : undefined;
      }
      case 'predefined':
        return this.#limits.predefinedTopics.get(topic.id);
      case 'short':
        return topic.name;
    }
  }

  #set(id: number, topic: string, isDurable: boolean): void {
    this.#bindings.set(id, { topic, isDurable });
    this.#ids.set(topic, id);
  }
}

/** MQTT-4.7.1-1: wildcards are for filters, not for topic names. */
export function hasWildcard(topic: string): boolean {
  return topic.includes('+') || topic.includes('#');
}
