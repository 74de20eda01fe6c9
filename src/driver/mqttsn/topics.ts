/**
 * Topic ids of one client's session: the topic of each id, and the ids that the client knows in this connection.
 *
 * The first `topicIdsMax` ids that the client requests (REGISTER, SUBSCRIBE) are kept for the whole session. All other
 * ids, mostly those for downlinks, are replaceable: when `topicIdsMax` of them are in use, the least recently used one
 * is released, and a new number is assigned. The number itself shows its kind, also after a restart.
 *
 * Invariants: an id stands for one topic as long as it is known. The number of a released id is assigned again only
 * after all other replaceable numbers, so a late PUBLISH with the old id gets "invalid topic id" and never another
 * topic. An id is used towards the client only after the client has learned it in this connection, because a restarted
 * client has forgotten it. At most `topicIdsMax` ids of each kind. Source: MQTT-SN 1.2 §6.5, §6.7, §6.10.
 */
import { type FilterReference, isShortName, TOPIC_ID_MAX, type TopicReference } from '../../codec/mqttsn-packets.ts';
import type { PacketSink } from './packet-sink.ts';

/** Smallest replaceable topic id. Smaller ids are kept for the whole session. */
export const REPLACEABLE_ID_MIN = 0x8000;

interface Binding {
  readonly topic: string;
  /** The flow has made the binding durable. */
  readonly isDurable: boolean;
}

export interface TopicLimits {
  /** Topics known to both sides by configuration. */
  readonly predefinedTopics: ReadonlyMap<number, string>;
  /** Number of ids of each kind: kept for the session, and replaceable. */
  readonly topicIdsMax: number;
}

export class TopicTable {
  private readonly subdevice: string;
  private readonly sink: PacketSink;
  private readonly limits: TopicLimits;
  /** Topic id → binding, least recently used first. */
  private readonly bindings = new Map<number, Binding>();
  private readonly ids = new Map<string, number>();
  private readonly announcedIds = new Set<number>();
  private lastKeptId = 0;
  private lastReplaceableId = REPLACEABLE_ID_MIN - 1;

  constructor(subdevice: string, sink: PacketSink, limits: TopicLimits) {
    this.subdevice = subdevice;
    this.sink = sink;
    this.limits = limits;
  }

  /** Forgets all ids, for a clean session. */
  forget(): void {
    this.bindings.clear();
    this.ids.clear();
    this.lastKeptId = 0;
    this.lastReplaceableId = REPLACEABLE_ID_MIN - 1;
  }

  /**
   * Starts a new connection: only durable ids count, and the client knows none. Ids that were assigned before and are
   * not durable may still become so; they are not assigned again.
   */
  resume(durable: ReadonlyMap<number, string>): void {
    this.announcedIds.clear();
    this.bindings.clear();
    this.ids.clear();
    for (const [id, topic] of durable) {
      this.set(id, topic, true);
      if (isReplaceable(id)) this.lastReplaceableId = Math.max(this.lastReplaceableId, id);
      else this.lastKeptId = Math.max(this.lastKeptId, id);
    }
  }

  /** Id for a topic that the client requested, kept for the session while there is room for such ids. */
  idForClient(topic: string): number {
    const known = this.ids.get(topic);
    if (known !== undefined && !isReplaceable(known)) return known;
    const keptCount = this.count((id) => !isReplaceable(id));
    const hasRoom = keptCount < this.limits.topicIdsMax && this.lastKeptId + 1 < REPLACEABLE_ID_MIN;
    if (!hasRoom) return this.idForDownlink(topic);
    this.lastKeptId += 1;
    this.set(this.lastKeptId, topic, false);
    return this.lastKeptId;
  }

  /** Id for a topic chosen by the gateway, assigned now if the topic had none. */
  idForDownlink(topic: string): number {
    const known = this.ids.get(topic);
    if (known !== undefined) {
      this.touch(known);
      return known;
    }
    while (this.count(isReplaceable) >= this.limits.topicIdsMax) this.releaseOldest();
    const id = this.nextReplaceableId();
    this.set(id, topic, false);
    return id;
  }

  isDurable(id: number): boolean {
    return this.bindings.get(id)?.isDurable === true;
  }

  /** Called when the flow has stored the binding. An id that was released meanwhile stays released. */
  bind(id: number, topic: string): void {
    if (this.bindings.get(id)?.topic === topic) this.set(id, topic, true);
  }

  /** Called when the flow rejects the binding: the id is invalid and is not assigned again. */
  release(id: number): void {
    if (this.bindings.get(id)?.isDurable === false) this.forgetId(id);
  }

  /** Called when the client knows the id, in this connection. */
  announced(id: number): void {
    if (this.bindings.has(id)) this.announcedIds.add(id);
  }

  /** Called when the client reports that it does not know the id. */
  forgotten(id: number): void {
    this.announcedIds.delete(id);
  }

  /** Topic name of a PUBLISH from the client. `undefined`: invalid topic id. */
  nameOf(topic: TopicReference): string | undefined {
    const name = this.lookUp(topic);
    return name === undefined || nameProblem(name) !== undefined ? undefined : name;
  }

  filterOf(filter: FilterReference): string | undefined {
    return filter.type === 'predefined' ? this.limits.predefinedTopics.get(filter.id) : filter.name;
  }

  /** Reference to `topic` that the client knows without a REGISTER. `undefined`: the topic must be registered first. */
  referenceTo(topic: string): TopicReference | undefined {
    const id = this.ids.get(topic);
    if (id !== undefined && this.announcedIds.has(id)) {
      this.touch(id);
      return { type: 'normal', id };
    }
    const predefinedId = this.predefinedIdOf(topic);
    if (predefinedId !== undefined) return { type: 'predefined', id: predefinedId };
    return isShortName(topic) ? { type: 'short', name: topic } : undefined;
  }

  private lookUp(topic: TopicReference): string | undefined {
    switch (topic.type) {
      case 'normal': {
        const binding = this.bindings.get(topic.id);
        if (binding?.isDurable !== true) return undefined;
        this.touch(topic.id);
        return binding.topic;
      }
      case 'predefined':
        return this.limits.predefinedTopics.get(topic.id);
      case 'short':
        return topic.name;
    }
  }

  /** Returns the predefined id of a topic: the last one, if several ids stand for the topic. */
  private predefinedIdOf(topic: string): number | undefined {
    let found: number | undefined;
    for (const [id, name] of this.limits.predefinedTopics) if (name === topic) found = id;
    return found;
  }

  /** Stores a binding. If the topic already has a kept id, that id stays in use for the topic. */
  private set(id: number, topic: string, isDurable: boolean): void {
    this.bindings.set(id, { topic, isDurable });
    const known = this.ids.get(topic);
    if (known === undefined || isReplaceable(known)) this.ids.set(topic, id);
  }

  /** Makes a replaceable id the most recently used one. */
  private touch(id: number): void {
    const binding = this.bindings.get(id);
    if (binding === undefined || !isReplaceable(id)) return;
    this.bindings.delete(id);
    this.bindings.set(id, binding);
  }

  private count(isCounted: (id: number) => boolean): number {
    let count = 0;
    for (const id of this.bindings.keys()) if (isCounted(id)) count += 1;
    return count;
  }

  /**
   * Releases the least recently used replaceable id. An id whose binding is being made durable is released only if
   * there is no other.
   */
  private releaseOldest(): void {
    const replaceable = [...this.bindings.keys()].filter(isReplaceable);
    const id = replaceable.find((each) => this.isDurable(each)) ?? replaceable[0];
    if (id === undefined) return;
    this.forgetId(id);
    this.sink.report({ kind: 'topicReleased', subdevice: this.subdevice, topicId: id });
  }

  private forgetId(id: number): void {
    const topic = this.bindings.get(id)?.topic ?? '';
    this.bindings.delete(id);
    this.announcedIds.delete(id);
    if (this.ids.get(topic) === id) this.ids.delete(topic);
  }

  private nextReplaceableId(): number {
    do {
      this.lastReplaceableId += 1;
      if (this.lastReplaceableId > TOPIC_ID_MAX) this.lastReplaceableId = REPLACEABLE_ID_MIN;
    } while (this.bindings.has(this.lastReplaceableId));
    return this.lastReplaceableId;
  }
}

function isReplaceable(id: number): boolean {
  return id >= REPLACEABLE_ID_MIN;
}

/**
 * Problem of a topic name or filter, as words for a report; `undefined`: none. Control characters are rejected here, since
 * a hub may close the connection on them (MQTT 3.1.1 §1.5.3).
 */
export function textProblemOf(name: string): string | undefined {
  if (name === '') return 'an empty topic';
  if (!name.isWellFormed()) return 'a topic that is not UTF-8';
  return CONTROL.test(name) ? 'a control character in the topic' : undefined;
}

/** Problem of a topic name, which must not have wildcards either. */
export function nameProblem(name: string): string | undefined {
  return textProblemOf(name) ?? (hasWildcard(name) ? 'a wildcard in the topic' : undefined);
}

/** U+0000 to U+001F and U+007F to U+009F. */
const CONTROL = /\p{Cc}/u;

/** True if the topic contains a wildcard, which topic names must not contain [MQTT-4.7.1-1]. */
export function hasWildcard(topic: string): boolean {
  return topic.includes('+') || topic.includes('#');
}
