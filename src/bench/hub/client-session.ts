/**
 * State of one client's session at the hub: subscriptions, unacknowledged messages, and stored messages.
 *
 * Used between the hub's routing (`offer`) and a connection, which sends the resulting packets. Invariants: at most
 * `inFlightMax` are unacknowledged (`client-window.ts`); stored messages leave one by one, `replayIntervalMs` apart.
 *
 * Source: MQTT 3.1.1 §4.1, §4.4, §4.6; the hub's "Persistent session".
 */
import type { Message } from '../../base/message.ts';
import type { Publish } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';
import { Subscriptions } from './client-filters.ts';
import { ClientWindow, publishOf } from './client-window.ts';
import { RateLimit } from './rate-limit.ts';
import { type PutOutcome, StoredQueue } from './stored-messages.ts';

type Presence =
  | { readonly kind: 'connected'; readonly connection: number }
  | { readonly kind: 'away'; readonly sinceMs: number };

/** Outcome of a message that was offered to a session. */
export type Offered =
  | { readonly kind: 'sent'; readonly packet: Publish }
  | { readonly kind: 'queued'; readonly outcome: PutOutcome }
  /** The message exceeds the rate, and by the rules it is not stored. */
  | { readonly kind: 'lost' }
  /** No subscription matches, or the message has QoS 0 and the client is not connected. */
  | { readonly kind: 'ignored' };

export interface SessionReplay {
  readonly sent: number;
  /** Number of messages that were stored when the connection was made, plus the messages stored later. */
  readonly of: number;
}

const HOUR_MS = 3_600_000;

export class HubSession {
  readonly clientId: string;
  /** True if the session ends with its connection. */
  readonly isClean: boolean;
  readonly #rules: HubRules;
  readonly subscriptions: Subscriptions;
  readonly #window: ClientWindow;
  readonly #downlinks: RateLimit;
  /**
   * Messages stored while the client was away, followed by messages stored later. The hub sends the stored messages at
   * its rate.
   */
  readonly #stored: StoredQueue;
  /** Messages that arrived while the client was connected, and that wait only for the in-flight window. */
  readonly #waiting: StoredQueue;
  #presence: Presence;
  #replay: SessionReplay = { sent: 0, of: 0 };
  #replayAtMs = 0;
  /**
   * Stored message whose PUBACK starts the next interval, and the end of the wait for the PUBACK. Set only if
   * `replayPacing` is `acknowledgement`.
   */
  #awaited: { readonly packetId: number | undefined; readonly untilMs: number } | undefined;

  constructor(identity: { readonly clientId: string; readonly isClean: boolean }, rules: HubRules, nowMs: number) {
    this.clientId = identity.clientId;
    this.isClean = identity.isClean;
    this.#rules = rules;
    this.subscriptions = new Subscriptions(rules);
    this.#window = new ClientWindow(rules);
    this.#downlinks = new RateLimit(rules.downlinksPerS);
    const { storedMax: countMax, storedHoursMax, overflow } = rules;
    const limits = { countMax, ageMsMax: storedHoursMax * HOUR_MS, overflow };
    this.#stored = new StoredQueue(limits);
    this.#waiting = new StoredQueue(limits);
    this.#presence = { kind: 'away', sinceMs: nowMs };
  }

  /** Connection that serves the session. `undefined`: the client is away. */
  get connection(): number | undefined {
    return this.#presence.kind === 'connected' ? this.#presence.connection : undefined;
  }

  get inFlightCount(): number {
    return this.#window.count;
  }

  /** Number of messages that were dropped because the store was full or because the messages expired. */
  get dropped(): number {
    return this.#stored.dropped + this.#waiting.dropped;
  }

  /** Number of the dropped messages that expired. */
  get expired(): number {
    return this.#stored.expired + this.#waiting.expired;
  }

  get replay(): SessionReplay {
    return this.#replay;
  }

  storedCount(nowMs: number): number {
    return this.#stored.count(nowMs) + this.#waiting.count(nowMs);
  }

  /** Messages for the client. `inFlight`: sent and not acknowledged. `stored`: not sent yet. */
  messages(): { readonly inFlight: readonly Message[]; readonly stored: readonly Message[] } {
    return { inFlight: this.#window.messages, stored: [...this.#stored.messages, ...this.#waiting.messages] };
  }

  /** True if the client was away for longer than the time for which the hub keeps a session. */
  isOver(nowMs: number): boolean {
    return this.#presence.kind === 'away' && nowMs - this.#presence.sinceMs > this.#rules.sessionHoursMax * HOUR_MS;
  }

  /**
   * Attaches a connection. Returns the messages that are sent again at once, in the order of their first transmissions
   * [MQTT-4.6.0-1].
   */
  attach(connection: number, nowMs: number): Publish[] {
    this.#presence = { kind: 'connected', connection };
    this.#replay = { sent: 0, of: this.#stored.count(nowMs) };
    this.#replayAtMs = nowMs;
    this.#awaited = undefined;
    this.#window.resume();
    const packets: Publish[] = [];
    while (this.#rules.unacknowledged === 'at once') {
      const packet = this.#window.resend(nowMs);
      if (packet === undefined) break;
      packets.push(packet);
    }
    return packets;
  }

  detach(nowMs: number): void {
    this.#presence = { kind: 'away', sinceMs: nowMs };
    for (const waiting of this.#waiting.takeAll(nowMs)) this.#stored.put(waiting, nowMs, this.#taken);
  }

  /** Offers a message to the session. The session takes the message if a filter matches. */
  offer(message: Message, nowMs: number): Offered {
    const granted = this.subscriptions.grantedQos(message.topic, nowMs);
    if (granted === undefined) return { kind: 'ignored' };
    if (message.qos === 0 || granted === 0) {
      if (this.#presence.kind === 'away') return { kind: 'ignored' };
      if (!this.#downlinks.admits(nowMs)) return { kind: 'lost' };
      return { kind: 'sent', packet: publishOf({ ...message, qos: 0 }, { packetId: undefined, dup: false }) };
    }
    if (this.#presence.kind === 'away') {
      const countsFrom = this.#rules.storedAgeFrom === 'arrival' ? nowMs : this.#presence.sinceMs;
      return { kind: 'queued', outcome: this.#stored.put({ message, arrivedAtMs: countsFrom }, nowMs, this.#taken) };
    }
    if (this.#rules.liveMessages === 'behind replay' && this.#owesReplay(nowMs)) return this.#store(message, nowMs);
    if (!this.#downlinks.admits(nowMs)) {
      if (this.#rules.downlinkOverRate === 'lost') return { kind: 'lost' };
      // The message must not overtake those that wait for the window, so it waits with them.
      if (this.#waiting.count(nowMs) === 0) {
        this.#replayAtMs = Math.max(this.#replayAtMs, this.#downlinks.endMs);
        return this.#store(message, nowMs);
      }
    }
    if (!this.#window.isFull && this.#waiting.count(nowMs) === 0) {
      return { kind: 'sent', packet: this.#window.launch(message, nowMs) };
    }
    return { kind: 'queued', outcome: this.#waiting.put({ message, arrivedAtMs: nowMs }, nowMs, this.#taken) };
  }

  /** Handles a PUBACK. `false`: no message was in flight with this identifier. */
  /** Topic of the unacknowledged message with this identifier. */
  topicInFlight(packetId: number): string | undefined {
    return this.#window.topicOf(packetId);
  }

  acknowledge(packetId: number, nowMs: number): boolean {
    if (packetId === this.#awaited?.packetId) {
      this.#awaited = undefined;
      this.#replayAtMs = nowMs + this.#rules.replayIntervalMs;
    }
    return this.#window.acknowledge(packetId);
  }

  /** Messages that may be sent now. Must be called after `attach`, after a PUBACK and at `wakeAtMs`. */
  due(nowMs: number): Publish[] {
    if (this.#presence.kind === 'away') return [];
    const packets = this.#window.retransmit(nowMs);
    while (!this.#window.isFull) {
      const waiting = this.#waiting.take(nowMs);
      if (waiting === undefined) break;
      packets.push(this.#window.launch(waiting.message, nowMs));
    }
    while (nowMs >= this.#nextReplayAtMs) {
      const packet = this.#replayOne(nowMs);
      if (packet === undefined) break;
      packets.push(packet);
      this.#replayAtMs = nowMs + this.#rules.replayIntervalMs;
      const { replayPacing, replayStallMsMax } = this.#rules;
      this.#awaited = undefined;
      if (replayPacing === 'acknowledgement') {
        this.#awaited = { packetId: packet.packetId, untilMs: nowMs + replayStallMsMax };
      }
    }
    return packets;
  }

  /**
   * Time at which a message may be sent without any input. `undefined`: a message may be sent only after a PUBACK or a
   * new connection.
   */
  wakeAtMs(nowMs: number): number | undefined {
    if (this.#presence.kind === 'away') return undefined;
    const canReplay = this.#window.toResendCount > 0 || (!this.#window.isFull && this.#stored.count(nowMs) > 0);
    const replayAtMs = canReplay ? this.#nextReplayAtMs : Number.POSITIVE_INFINITY;
    const atMs = Math.min(replayAtMs, this.#window.retransmitAtMs ?? replayAtMs);
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  get #nextReplayAtMs(): number {
    return Math.max(this.#replayAtMs, this.#awaited?.untilMs ?? this.#replayAtMs);
  }

  /** Number of places in the store that unacknowledged messages occupy. */
  get #taken(): number {
    return this.#rules.storedMaxCounts === 'stored' ? 0 : this.#window.count;
  }

  #owesReplay(nowMs: number): boolean {
    return this.#stored.count(nowMs) > 0 || this.#window.toResendCount > 0;
  }

  /** Adds the message to the stored ones. */
  #store(message: Message, nowMs: number): Offered {
    const outcome = this.#stored.put({ message, arrivedAtMs: nowMs }, nowMs, this.#taken);
    if (outcome === 'stored') this.#replay = { ...this.#replay, of: this.#replay.of + 1 };
    return { kind: 'queued', outcome };
  }

  /** Returns the next unacknowledged or stored message to send, if there is room for one. */
  #replayOne(nowMs: number): Publish | undefined {
    const hasRoom = !this.#window.isFull && this.#stored.count(nowMs) > 0;
    if (this.#window.toResendCount > 0 && !(this.#rules.unacknowledged === 'after stored' && hasRoom)) {
      return this.#window.resend(nowMs);
    }
    const stored = hasRoom ? this.#stored.take(nowMs) : undefined;
    if (stored === undefined) return undefined;
    this.#replay = { ...this.#replay, sent: this.#replay.sent + 1 };
    return this.#window.launch(stored.message, nowMs);
  }
}
