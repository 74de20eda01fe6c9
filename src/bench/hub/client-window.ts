/**
 * What was sent to one client and not acknowledged: the window, its packet identifiers, and what goes again.
 *
 * Stands inside a session (`session.ts`). Invariants: identifiers in flight are unique; a message in flight leaves by its
 * PUBACK only; after a resume all go again, in the order they were first sent [MQTT-4.6.0-1].
 *
 * Source: MQTT 3.1.1 §2.3.1, §4.4, §4.6.
 */
import type { Message } from '../../base/message.ts';
import type { Publish } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';

interface Sent {
  readonly message: Message;
  /** Counts the messages in the order of their first sending. */
  readonly order: number;
  readonly atMs: number;
}

const PACKET_ID_MAX = 65_535;

export class ClientWindow {
  readonly #rules: HubRules;
  readonly #sent = new Map<number, Sent>();
  /** Identifiers to be sent again in this connection, and not yet. */
  #owed: number[] = [];
  #lastPacketId = 0;
  #lastOrder = 0;

  constructor(rules: HubRules) {
    this.#rules = rules;
  }

  get count(): number {
    return this.#sent.size;
  }

  get isFull(): boolean {
    return this.#sent.size >= this.#rules.inFlightMax;
  }

  get messages(): Message[] {
    return [...this.#sent.values()].map(({ message }) => message);
  }

  launch(message: Message, nowMs: number): Publish {
    this.#lastOrder += 1;
    return this.#send({ message, order: this.#lastOrder, atMs: nowMs });
  }

  topicOf(packetId: number): string | undefined {
    return this.#sent.get(packetId)?.message.topic;
  }

  /** `false`: nothing was in flight under this identifier. */
  acknowledge(packetId: number): boolean {
    return this.#sent.delete(packetId);
  }

  /** A new connection: everything is owed again. */
  resume(): void {
    this.#owed = [...this.#sent].sort(([, one], [, other]) => one.order - other.order).map(([packetId]) => packetId);
  }

  /** Still to be sent again after `resume`. */
  get owedCount(): number {
    this.#owed = this.#owed.filter((packetId) => this.#sent.has(packetId));
    return this.#owed.length;
  }

  /** The next one that is owed. */
  resend(nowMs: number): Publish | undefined {
    for (let packetId = this.#owed.shift(); packetId !== undefined; packetId = this.#owed.shift()) {
      const sent = this.#sent.get(packetId);
      if (sent === undefined) continue;
      return this.#again(packetId, { ...sent, atMs: nowMs });
    }
    return undefined;
  }

  /** What has been without a PUBACK for too long within the connection. 3.1.1 asks for none of it. */
  retransmit(nowMs: number): Publish[] {
    const { retransmitMs } = this.#rules;
    if (retransmitMs === 0) return [];
    const late = [...this.#sent].filter(([id, { atMs }]) => nowMs - atMs >= retransmitMs && !this.#owed.includes(id));
    return late.map(([packetId, sent]) => this.#again(packetId, { ...sent, atMs: nowMs }));
  }

  /** When `retransmit` has something. */
  get retransmitAtMs(): number | undefined {
    const { retransmitMs } = this.#rules;
    if (retransmitMs === 0) return undefined;
    const times = [...this.#sent].flatMap(([id, { atMs }]) => (this.#owed.includes(id) ? [] : [atMs]));
    return times.length === 0 ? undefined : Math.min(...times) + retransmitMs;
  }

  #again(packetId: number, sent: Sent): Publish {
    const { resentAs } = this.#rules;
    if (resentAs === 'new messages') {
      this.#sent.delete(packetId);
      return this.#send(sent);
    }
    this.#sent.set(packetId, sent);
    // [MQTT-4.4.0-1], with DUP [MQTT-3.3.1-1] and the original packet identifier, unless the rules break it.
    return publishOf(sent.message, { packetId, dup: resentAs === 'duplicates' });
  }

  #send(sent: Sent): Publish {
    const packetId = this.#freePacketId();
    this.#sent.set(packetId, sent);
    return publishOf(sent.message, { packetId, dup: false });
  }

  /** Not in use [MQTT-2.3.1-4]; the window is far smaller than the numbers there are. */
  #freePacketId(): number {
    do {
      this.#lastPacketId = (this.#lastPacketId % PACKET_ID_MAX) + 1;
    } while (this.#sent.has(this.#lastPacketId));
    return this.#lastPacketId;
  }
}

export function publishOf(
  message: Message,
  sending: { readonly packetId: number | undefined; readonly dup: boolean },
): Publish {
  return { kind: 'publish', ...message, ...sending, retain: message.retain ?? false };
}
