/**
 * QoS 1 publications of one client that wait for the flow's answer, and the last acknowledged ones.
 *
 * A subdevice that misses our PUBACK sends the message again with DUP and the same MsgId. This file decides whether
 * that is a known message. A MsgId alone proves nothing (16 bits, and a restarted subdevice counts from the start), so
 * the topic and the payload's CRC-32 must be equal too. Without DUP it is a new message. Invariants: at most
 * `uplinksMax` unanswered; at most `ACKNOWLEDGED_MAX` remembered. The answer to a publication is dropped if its MsgId
 * has been used again since. No publication overtakes a rejected one that is expected again. Lives as long as the
 * session, over its connections. Source: MQTT-SN 1.2 §6.13.
 */
import { SlotMap } from '../../base/slot-map.ts';
import { crc32 } from '../../codec/crc32.ts';
import { type PublishPacket, topicIdField } from '../../codec/mqttsn-packets.ts';

/** Largest window of a subdevice: every publication that it can repeat is remembered. */
const ACKNOWLEDGED_MAX = 16;
/** A subdevice that has not repeated a rejected publication within this many of its retry pauses has dropped it. */
const RETURN_RETRIES_MAX = 10;

export interface UplinkLimits {
  /** Largest number of QoS 1 publications that wait for their answer. */
  readonly uplinksMax: number;
  /** Estimated pause of the subdevice before it sends again, in ms. */
  readonly retryMs: number;
}

/**
 * Publication rejected for congestion that is expected again. Later publications wait until it is repeated or too old.
 */
interface Expected {
  readonly messageId: number;
  readonly untilMs: number;
}

/** Values that distinguish the publications of a session. */
export interface Publication {
  readonly messageId: number;
  /** Topic id of the PUBLISH, for the PUBACK. */
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

export class Uplinks {
  private readonly limits: UplinkLimits;
  private readonly byToken = new SlotMap<number, Publication>();
  /** MsgId → token of the publication that an answer belongs to. */
  private readonly tokens = new Map<number, number>();
  /** Acknowledged publications, oldest first, one per MsgId. */
  private readonly acknowledged: Publication[] = [];
  private expected: Expected | undefined;

  constructor(limits: UplinkLimits) {
    this.limits = limits;
  }

  /**
   * True if this new publication may be offered to the flow now. If false, the publication must be rejected for
   * congestion, for one of two reasons. Either too many publications wait for their answer. Or an earlier publication
   * was rejected and has not been repeated, and the order of the subdevice must be kept.
   */
  hasRoomFor(publication: Publication, nowMs: number): boolean {
    const { messageId } = publication;
    if (this.expected?.messageId === messageId || nowMs >= (this.expected?.untilMs ?? nowMs)) this.expected = undefined;
    if (this.expected !== undefined) return false;
    if (this.byToken.size < this.limits.uplinksMax) return true;
    this.congested(publication, nowMs);
    return false;
  }

  /** Handles a rejection for congestion. Later publications wait for the first rejected one. */
  congested({ messageId }: Publication, nowMs: number): void {
    this.expected ??= { messageId, untilMs: nowMs + RETURN_RETRIES_MAX * this.limits.retryMs };
  }

  /** Starts a new connection: publications rejected in the old one may never be repeated. */
  reconnected(): void {
    this.expected = undefined;
  }

  /** Starts a clean session: later answers are dropped, and no publication counts as a duplicate. */
  forget(): void {
    this.expected = undefined;
    this.byToken.clear();
    this.tokens.clear();
    this.acknowledged.length = 0;
  }

  /** Returns whether a PUBLISH with DUP repeats an unanswered or an acknowledged publication. `undefined`: neither. */
  findDuplicate(publication: Publication): 'unanswered' | 'acknowledged' | undefined {
    const token = this.tokens.get(publication.messageId);
    const unanswered = token === undefined ? undefined : this.byToken.get(token);
    if (unanswered !== undefined) return isSame(unanswered, publication) ? 'unanswered' : undefined;
    return this.acknowledged.some((earlier) => isSame(earlier, publication)) ? 'acknowledged' : undefined;
  }

  /** Assigns answers to this MsgId to `publication` from now on. The caller has checked `hasRoomFor`. */
  admit(token: number, publication: Publication): void {
    this.byToken.set(token, publication);
    this.tokens.set(publication.messageId, token);
    const seenAt = this.acknowledged.findIndex((earlier) => earlier.messageId === publication.messageId);
    if (seenAt !== -1) this.acknowledged.splice(seenAt, 1);
  }

  /**
   * Called when the publication is in custody. @returns the publication to acknowledge, if the subdevice still waits
   * for the PUBACK
   */
  acknowledge(token: number): Publication | undefined {
    const publication = this.refuse(token);
    if (publication !== undefined) this.acknowledged.push(publication);
    if (this.acknowledged.length > ACKNOWLEDGED_MAX) this.acknowledged.shift();
    return publication;
  }

  /**
   * Handles a rejection, as if the publication had never come. @returns the publication to reject, if the subdevice
   * still waits
   */
  refuse(token: number): Publication | undefined {
    const publication = this.byToken.get(token);
    this.byToken.delete(token);
    if (publication === undefined || this.tokens.get(publication.messageId) !== token) return undefined;
    this.tokens.delete(publication.messageId);
    return publication;
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
