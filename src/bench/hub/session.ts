/**
 * What a hub remembers of one client: its subscriptions, what it has not acknowledged, and what is stored for it.
 *
 * Stands between the hub's routing (`offer`) and a connection, which sends the packets that come out. Invariants: packet
 * identifiers in flight are unique; at most `inFlightMax` are; what was sent and not acknowledged is sent again with the
 * same identifier after a resume; stored messages leave one by one, `replayIntervalMs` apart.
 *
 * Source: MQTT 3.1.1 §4.1, §4.4, §4.6; the hub's "Persistent session".
 */
import type { Message } from '../../base/message.ts';
import { filterMatches } from '../../base/topic.ts';
import type { MqttQos, Publish, Subscription } from '../../codec/mqtt.ts';
import { type PutOutcome, StoredQueue } from './queue.ts';
import type { HubRules } from './rules.ts';

type Presence =
  | { readonly kind: 'connected'; readonly connection: number }
  | { readonly kind: 'away'; readonly sinceMs: number };

/** What became of a message that was offered to a session. */
export type Offered =
  | { readonly kind: 'sent'; readonly packet: Publish }
  | { readonly kind: 'queued'; readonly outcome: PutOutcome }
  /** No subscription matches, or QoS 0 with nobody there. */
  | { readonly kind: 'ignored' };

export interface Replay {
  readonly sent: number;
  /** Messages that were stored when the connection came up, and those that joined them. */
  readonly of: number;
}

const HOUR_MS = 3_600_000;
const PACKET_ID_MAX = 65_535;

export class HubSession {
  readonly clientId: string;
  /** Ends with its connection. */
  readonly isClean: boolean;
  readonly #rules: HubRules;
  readonly #subscriptions = new Map<string, MqttQos>();
  readonly #inFlight = new Map<number, Message>();
  /** Stored while away, and what joined the end of it; leaves at the hub's pace. */
  readonly #stored: StoredQueue;
  /** Came while connected and waits for the in-flight window only. */
  readonly #waiting: StoredQueue;
  #presence: Presence;
  #lastPacketId = 0;
  #replay: Replay = { sent: 0, of: 0 };
  #replayAtMs = 0;
  /** The replayed message whose PUBACK starts the next interval, with that pacing. */
  #awaitedId: number | undefined;

  constructor(identity: { readonly clientId: string; readonly isClean: boolean }, rules: HubRules, nowMs: number) {
    this.clientId = identity.clientId;
    this.isClean = identity.isClean;
    this.#rules = rules;
    const limits = {
      countMax: rules.storedMax,
      ageMsMax: rules.storedHoursMax * HOUR_MS,
      overflow: rules.overflow,
    };
    this.#stored = new StoredQueue(limits);
    this.#waiting = new StoredQueue(limits);
    this.#presence = { kind: 'away', sinceMs: nowMs };
  }

  /** The connection it is served on; `undefined`: away. */
  get connection(): number | undefined {
    return this.#presence.kind === 'connected' ? this.#presence.connection : undefined;
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** Messages given up: the store was full, or they grew too old in it. */
  get dropped(): number {
    return this.#stored.dropped + this.#waiting.dropped;
  }

  get replay(): Replay {
    return this.#replay;
  }

  storedCount(nowMs: number): number {
    return this.#stored.count(nowMs) + this.#waiting.count(nowMs);
  }

  /** Away for more than the hub keeps a session. */
  isOver(nowMs: number): boolean {
    return this.#presence.kind === 'away' && nowMs - this.#presence.sinceMs > this.#rules.sessionHoursMax * HOUR_MS;
  }

  /** A connection serves it from now on. Returns what goes out again at once, in the order first sent [MQTT-4.6.0-1]. */
  attach(connection: number, nowMs: number): Publish[] {
    this.#presence = { kind: 'connected', connection };
    this.#replay = { sent: 0, of: this.#stored.count(nowMs) };
    this.#replayAtMs = nowMs;
    this.#awaitedId = undefined;
    // [MQTT-4.4.0-1], with DUP [MQTT-3.3.1-1] and the original packet identifier.
    return [...this.#inFlight].map(([packetId, message]) => publishOf(message, { packetId, dup: true }));
  }

  detach(nowMs: number): void {
    this.#presence = { kind: 'away', sinceMs: nowMs };
    for (const waiting of this.#waiting.takeAll(nowMs)) this.#stored.put(waiting, nowMs);
  }

  subscriptions(): Subscription[] {
    return [...this.#subscriptions].map(([filter, qos]) => ({ filter, qos }));
  }

  /** A filter that is there already is replaced [MQTT-3.8.4-3]. `false`: no room for another. */
  subscribe({ filter, qos }: Subscription): boolean {
    if (!this.#subscriptions.has(filter) && this.#subscriptions.size >= this.#rules.subscriptionsMax) return false;
    this.#subscriptions.set(filter, qos);
    return true;
  }

  unsubscribe(filter: string): void {
    this.#subscriptions.delete(filter);
  }

  /** Routing has a message; it is this session's if a filter matches. */
  offer(message: Message, nowMs: number): Offered {
    const granted = this.#grantedQos(message.topic);
    if (granted === undefined) return { kind: 'ignored' };
    const isConnected = this.#presence.kind === 'connected';
    if (message.qos === 0 || granted === 0) {
      if (!isConnected) return { kind: 'ignored' };
      return { kind: 'sent', packet: publishOf({ ...message, qos: 0 }, { packetId: undefined, dup: false }) };
    }
    const arrived = { message, arrivedAtMs: nowMs };
    const joinsReplay = this.#rules.liveMessages === 'behind replay' && this.#stored.count(nowMs) > 0;
    if (!isConnected || joinsReplay) {
      const outcome = this.#stored.put(arrived, nowMs);
      if (isConnected && outcome === 'stored') this.#replay = { ...this.#replay, of: this.#replay.of + 1 };
      return { kind: 'queued', outcome };
    }
    if (this.#windowIsOpen && this.#waiting.count(nowMs) === 0) return { kind: 'sent', packet: this.#launch(message) };
    return { kind: 'queued', outcome: this.#waiting.put(arrived, nowMs) };
  }

  /** A PUBACK. `false`: nothing was in flight under this identifier. */
  acknowledge(packetId: number, nowMs: number): boolean {
    if (packetId === this.#awaitedId) {
      this.#awaitedId = undefined;
      this.#replayAtMs = nowMs + this.#rules.replayIntervalMs;
    }
    return this.#inFlight.delete(packetId);
  }

  /** What may go out now, of what waits. To be asked after `attach`, after a PUBACK and at `wakeAtMs`. */
  due(nowMs: number): Publish[] {
    const packets: Publish[] = [];
    if (this.#presence.kind === 'away') return packets;
    while (this.#windowIsOpen) {
      const waiting = this.#waiting.take(nowMs);
      if (waiting === undefined) break;
      packets.push(this.#launch(waiting.message));
    }
    while (this.#windowIsOpen && this.#awaitedId === undefined && nowMs >= this.#replayAtMs) {
      const stored = this.#stored.take(nowMs);
      if (stored === undefined) break;
      const packet = this.#launch(stored.message);
      packets.push(packet);
      this.#replay = { ...this.#replay, sent: this.#replay.sent + 1 };
      this.#replayAtMs = nowMs + this.#rules.replayIntervalMs;
      if (this.#rules.replayPacing === 'acknowledgement') this.#awaitedId = packet.packetId;
    }
    return packets;
  }

  /** When the next stored message may leave; `undefined`: only a PUBACK or a connection can bring that on. */
  wakeAtMs(nowMs: number): number | undefined {
    const isHeld = this.#presence.kind === 'away' || !this.#windowIsOpen || this.#awaitedId !== undefined;
    return isHeld || this.#stored.count(nowMs) === 0 ? undefined : this.#replayAtMs;
  }

  get #windowIsOpen(): boolean {
    return this.#inFlight.size < this.#rules.inFlightMax;
  }

  #launch(message: Message): Publish {
    const packetId = this.#freePacketId();
    this.#inFlight.set(packetId, message);
    return publishOf(message, { packetId, dup: false });
  }

  /** Not in use [MQTT-2.3.1-4]; the window is far smaller than the numbers there are. */
  #freePacketId(): number {
    do {
      this.#lastPacketId = (this.#lastPacketId % PACKET_ID_MAX) + 1;
    } while (this.#inFlight.has(this.#lastPacketId));
    return this.#lastPacketId;
  }

  /** The highest QoS of the filters that match: one copy, however many do [MQTT-3.3.5-1]. */
  #grantedQos(topic: string): MqttQos | undefined {
    let granted: MqttQos | undefined;
    for (const [filter, qos] of this.#subscriptions) {
      if (filterMatches(filter, topic) && (granted === undefined || qos > granted)) granted = qos;
    }
    return granted;
  }
}

function publishOf(
  message: Message,
  sending: { readonly packetId: number | undefined; readonly dup: boolean },
): Publish {
  return { kind: 'publish', ...message, ...sending, retain: false };
}
