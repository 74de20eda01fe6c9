/**
 * Window of messages sent to one client and not acknowledged, with packet identifiers and retransmissions.
 *
 * Used inside a session (`client-session.ts`). Invariants: identifiers in flight are unique. A message in flight leaves
 * only by its PUBACK. After a resume all messages are sent again, in the order of their first transmissions
 * [MQTT-4.6.0-1].
 *
 * Source: MQTT 3.1.1 §2.3.1, §4.4, §4.6.
 */
import type { Message } from '../../base/message.ts';
import type { Publish } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';

interface Sent {
  readonly message: Message;
  /** Position in the order of first transmissions. */
  readonly order: number;
  readonly atMs: number;
}

const PACKET_ID_MAX = 65_535;

export class ClientWindow {
  readonly #rules: HubRules;
  readonly #sent = new Map<number, Sent>();
  /** Identifiers of the messages that must be sent again in this connection and were not sent again yet. */
  #toResend: number[] = [];
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

  /**
   * Removes the message with this identifier, because its PUBACK has arrived. `false`: no message was in flight with
   * this identifier.
   */
  acknowledge(packetId: number): boolean {
    return this.#sent.delete(packetId);
  }

  /** Marks all messages to be sent again in a new connection. */
  resume(): void {
    this.#toResend = [...this.#sent]
      .sort(([, one], [, other]) => one.order - other.order)
      .map(([packetId]) => packetId);
  }

  /** Number of messages that are still to be sent again after `resume`. */
  get toResendCount(): number {
    this.#toResend = this.#toResend.filter((packetId) => this.#sent.has(packetId));
    return this.#toResend.length;
  }

  /** Returns the next message to send again after `resume`. `undefined`: none. */
  resend(nowMs: number): Publish | undefined {
    for (let packetId = this.#toResend.shift(); packetId !== undefined; packetId = this.#toResend.shift()) {
      const sent = this.#sent.get(packetId);
      if (sent === undefined) continue;
      return this.#again(packetId, { ...sent, atMs: nowMs });
    }
    return undefined;
  }

  /**
   * Returns the messages that had no PUBACK for `retransmitMs` within the connection. MQTT 3.1.1 does not require a
   * second transmission within a connection.
   */
  retransmit(nowMs: number): Publish[] {
    const { retransmitMs } = this.#rules;
    if (retransmitMs === 0) return [];
    const late = [...this.#sent].filter(
      ([id, { atMs }]) => nowMs - atMs >= retransmitMs && !this.#toResend.includes(id),
    );
    return late.map(([packetId, sent]) => this.#again(packetId, { ...sent, atMs: nowMs }));
  }

  /** Time at which `retransmit` will return a message. */
  get retransmitAtMs(): number | undefined {
    const { retransmitMs } = this.#rules;
    if (retransmitMs === 0) return undefined;
    const times = [...this.#sent].flatMap(([id, { atMs }]) => (this.#toResend.includes(id) ? [] : [atMs]));
    return times.length === 0 ? undefined : Math.min(...times) + retransmitMs;
  }

  #again(packetId: number, sent: Sent): Publish {
    const { resentAs } = this.#rules;
    if (resentAs === 'new messages') {
      this.#sent.delete(packetId);
      return this.#send(sent);
    }
    this.#sent.set(packetId, sent);
    // [MQTT-4.4.0-1]: the message is sent again with DUP [MQTT-3.3.1-1] and the original packet identifier, unless the
    // rules differ.
    return publishOf(sent.message, { packetId, dup: resentAs === 'duplicates' });
  }

  #send(sent: Sent): Publish {
    const packetId = this.#freePacketId();
    this.#sent.set(packetId, sent);
    return publishOf(sent.message, { packetId, dup: false });
  }

  /**
   * Returns an unused identifier [MQTT-2.3.1-4]. There is always one, because the window is far smaller than the number
   * of identifiers.
   */
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
