/**
 * The QoS 1 publications of one client that await the flow's answer, and the last ones that were acknowledged.
 *
 * A subdevice that misses our PUBACK sends again with DUP and the same MsgId. Here it is decided whether that is a
 * message we have seen. A MsgId alone proves nothing (16 bits, and a subdevice that restarted counts from the start),
 * so the topic and the payload's CRC-32 must be equal too; without DUP it is a new message, whatever it looks like.
 * Invariants: at most `uplinksMax` unanswered; at most `ACKNOWLEDGED_MAX` remembered; an answer to a publication whose
 * MsgId has been used anew since reaches nobody; nothing is let in ahead of a publication that was told to come again.
 * Lives as long as the session, over its connections. Source: MQTT-SN 1.2 §6.13.
 */
import type { Restorable } from '../../base/snapshot.ts';
import { crc32 } from '../../codec/crc32.ts';
import { type PublishPacket, topicIdField } from '../../codec/mqttsn-packets.ts';

/** The widest window a subdevice may use: whatever it can repeat is remembered. */
const ACKNOWLEDGED_MAX = 16;
/** A subdevice that has not repeated a refused publication for so many of its retry pauses has dropped it. */
const RETURN_RETRIES_MAX = 10;

export interface UplinkLimits {
  /** QoS 1 publications that may await their answer. */
  readonly uplinksMax: number;
  /** The subdevice's pause before it sends again, as far as we know, in ms. */
  readonly retryMs: number;
}

/** A publication that was refused for congestion and is expected again: those behind it have to wait for it. */
interface Expected {
  readonly messageId: number;
  readonly untilMs: number;
}

/** What tells one publication of a session from another. */
export interface Publication {
  readonly messageId: number;
  /** As it stood in the PUBLISH, for the PUBACK. */
  readonly topicId: number;
  readonly topic: string;
  readonly payloadCrc: number;
  readonly payloadBytes: number;
}

export function publicationOf(packet: PublishPacket, topic: string): Publication {
  return {
    messageId: packet.messageId,
    topicId: topicIdField(packet.topic),
    topic,
    payloadCrc: crc32(packet.payload),
    payloadBytes: packet.payload.length,
  };
}

export interface UplinksSnapshot {
  readonly byToken: ReadonlyMap<number, Publication>;
  readonly tokens: ReadonlyMap<number, number>;
  readonly acknowledged: readonly Publication[];
  readonly expected: Expected | undefined;
}

export class Uplinks implements Restorable<UplinksSnapshot> {
  readonly #limits: UplinkLimits;
  readonly #byToken = new Map<number, Publication>();
  /** MsgId → token of the publication that an answer now belongs to. */
  readonly #tokens = new Map<number, number>();
  /** Oldest first, one per MsgId. */
  readonly #acknowledged: Publication[] = [];
  #expected: Expected | undefined;

  constructor(limits: UplinkLimits) {
    this.#limits = limits;
  }

  /**
   * May this new publication be offered to the flow now? If not, it is to be refused for congestion: too many await
   * their answer, or an earlier one was refused and has not come again, and the order is the subdevice's.
   */
  hasRoomFor(publication: Publication, nowMs: number): boolean {
    const { messageId } = publication;
    if (this.#expected?.messageId === messageId || nowMs >= (this.#expected?.untilMs ?? nowMs))
      this.#expected = undefined;
    if (this.#expected !== undefined) return false;
    if (this.#byToken.size < this.#limits.uplinksMax) return true;
    this.congested(publication, nowMs);
    return false;
  }

  /** It was refused for congestion. The first of those refused is the one that the others wait for. */
  congested({ messageId }: Publication, nowMs: number): void {
    this.#expected ??= { messageId, untilMs: nowMs + RETURN_RETRIES_MAX * this.#limits.retryMs };
  }

  /** A new connection: what was refused in the old one may never come again. */
  reconnected(): void {
    this.#expected = undefined;
  }

  /** A clean session: later answers reach nobody, and nothing that comes has been seen before. */
  forget(): void {
    this.#expected = undefined;
    this.#byToken.clear();
    this.#tokens.clear();
    this.#acknowledged.length = 0;
  }

  /** Is this PUBLISH with DUP one that awaits its answer, or one that has had it? */
  findDuplicate(publication: Publication): 'unanswered' | 'acknowledged' | undefined {
    const token = this.#tokens.get(publication.messageId);
    const unanswered = token === undefined ? undefined : this.#byToken.get(token);
    if (unanswered !== undefined) return isSame(unanswered, publication) ? 'unanswered' : undefined;
    return this.#acknowledged.some((earlier) => isSame(earlier, publication)) ? 'acknowledged' : undefined;
  }

  /** From now on an answer to this MsgId means `publication`. The caller has looked at `hasRoomFor`. */
  admit(token: number, publication: Publication): void {
    this.#byToken.set(token, publication);
    this.#tokens.set(publication.messageId, token);
    const seenAt = this.#acknowledged.findIndex((earlier) => earlier.messageId === publication.messageId);
    if (seenAt !== -1) this.#acknowledged.splice(seenAt, 1);
  }

  owns(token: number): boolean {
    return this.#byToken.has(token);
  }

  /** Custody is taken. @returns what to acknowledge to the subdevice, if it still waits for that */
  acknowledge(token: number): Publication | undefined {
    const publication = this.refuse(token);
    if (publication !== undefined) this.#acknowledged.push(publication);
    if (this.#acknowledged.length > ACKNOWLEDGED_MAX) this.#acknowledged.shift();
    return publication;
  }

  /** It is as if it had never come. @returns what to refuse to the subdevice, if it still waits for that */
  refuse(token: number): Publication | undefined {
    const publication = this.#byToken.get(token);
    this.#byToken.delete(token);
    if (publication === undefined || this.#tokens.get(publication.messageId) !== token) return undefined;
    this.#tokens.delete(publication.messageId);
    return publication;
  }

  snapshot(): UplinksSnapshot {
    return {
      byToken: new Map(this.#byToken),
      tokens: new Map(this.#tokens),
      acknowledged: [...this.#acknowledged],
      expected: this.#expected,
    };
  }

  restore({ byToken, tokens, acknowledged, expected }: UplinksSnapshot): void {
    for (const [token, publication] of byToken) this.#byToken.set(token, publication);
    for (const [messageId, token] of tokens) this.#tokens.set(messageId, token);
    this.#acknowledged.push(...acknowledged);
    this.#expected = expected;
  }
}

function isSame(left: Publication, right: Publication): boolean {
  return (
    left.messageId === right.messageId &&
    left.topic === right.topic &&
    left.payloadCrc === right.payloadCrc &&
    left.payloadBytes === right.payloadBytes
  );
}
