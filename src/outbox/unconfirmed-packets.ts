/**
 * Packets that were sent to the hub on this connection and are not confirmed: the hub may still close the connection on
 * them.
 *
 * A direct answer confirms a packet. A packet without an answer of its own is confirmed by the answer to any later
 * packet, because the hub reads packets in the order of sending. A hub may still close a moment after its answer, so
 * packets that were just confirmed are kept separately for `GRACE_MS`.
 */
import { SlotMap } from '../base/slot-map.ts';
import { type HubPacket, isUnansweredAct } from './hub-packet.ts';

export interface Sent {
  readonly act: HubPacket;
  readonly atMs: number;
}

/**
 * Longest time after which a close can be caused by a packet without an answer. The hub closes when it reads the
 * packet.
 */
const UNANSWERED_MS_MAX = 10_000;
/** Longest time between an answer of the hub and a close caused by the answered packet. */
export const GRACE_MS = 1000;
/** Largest number of packets kept. The oldest is dropped first. */
const SENT_MAX = 2048;
const NONE: readonly HubPacket[] = [];

export class UnconfirmedPackets {
  /** Packets by identity, in the order of sending. */
  readonly #sent = new SlotMap<HubPacket['id'], Sent>();
  /** Confirmed packets without custody, with the time of the answer, by identity. */
  readonly #recent = new SlotMap<HubPacket['id'], Sent & { readonly shownAtMs: number }>();
  /** Identities of packets that were sent before the unanswered PINGREQ. */
  #pinged = new Set<HubPacket['id']>();
  /** Identities of packets whose answer is overdue. A PINGRESP confirms them. */
  readonly #overdue = new Set<HubPacket['id']>();

  get isEmpty(): boolean {
    return this.#sent.size === 0;
  }

  /** True if a PINGREQ is needed: a packet that only a PINGRESP confirms was sent after the last PINGREQ. */
  get needsPing(): boolean {
    for (const { act } of this.#sent.values()) if (this.#isForPing(act) && !this.#pinged.has(act.id)) return true;
    return false;
  }

  clear(): void {
    this.#sent.clear();
    this.#recent.clear();
    if (this.#pinged.size > 0) this.#pinged.clear();
    if (this.#overdue.size > 0) this.#overdue.clear();
  }

  /** Packets that are not confirmed. */
  get unanswered(): Sent[] {
    return [...this.#sent.values()];
  }

  send(act: HubPacket, nowMs: number): void {
    this.#sent.delete(act.id);
    this.#pinged.delete(act.id);
    this.#overdue.delete(act.id);
    this.#sent.set(act.id, { act, atMs: nowMs });
    const { oldest } = this.#sent;
    if (oldest !== undefined && this.#sent.size > SENT_MAX) this.#sent.delete(oldest.act.id);
  }

  /** Called when the answer to a packet is overdue. */
  overdue(id: HubPacket['id']): void {
    if (this.#sent.has(id)) this.#overdue.add(id);
  }

  /** Handles the answer to a packet. @returns all packets that the answer confirms */
  answer(id: HubPacket['id'], nowMs: number): readonly HubPacket[] {
    if (!this.#sent.has(id)) return NONE;
    const oldest = this.#sent.oldest?.act;
    const shown = oldest?.id === id ? [oldest] : this.#sentUpTo(id);
    this.#show(shown, nowMs);
    return shown;
  }

  /** Packet with this identity, after the packets without an answer that were sent before it. */
  #sentUpTo(id: HubPacket['id']): HubPacket[] {
    const found: HubPacket[] = [];
    for (const { act } of this.#sent.values()) {
      if (act.id !== id && !isUnansweredAct(act)) continue;
      found.push(act);
      if (act.id === id) break;
    }
    return found;
  }

  /** Called when a PINGREQ was sent. */
  ping(): void {
    this.#pinged = new Set([...this.#sent.values()].flatMap(({ act }) => (this.#isForPing(act) ? [act.id] : [])));
  }

  /** Handles a PINGRESP. @returns all packets that it confirms */
  pong(nowMs: number): HubPacket[] {
    const shown = [...this.#pinged].flatMap((id) => this.#sent.get(id)?.act ?? []);
    this.#pinged.clear();
    this.#show(shown, nowMs);
    return shown;
  }

  /** Returns the packets that can be the cause of a close at `nowMs`. */
  suspects(nowMs: number): Sent[] {
    const open = [...this.#sent.values()].filter(
      ({ act, atMs }) => !isUnansweredAct(act) || nowMs - atMs < UNANSWERED_MS_MAX,
    );
    if (open.length > 0) return open;
    return [...this.#recent.values()].filter(({ shownAtMs }) => nowMs - shownAtMs < GRACE_MS);
  }

  #isForPing(act: HubPacket): boolean {
    return isUnansweredAct(act) || this.#overdue.has(act.id);
  }

  #show(acts: readonly HubPacket[], nowMs: number): void {
    for (const { id, kind } of acts) {
      const sent = this.#sent.get(id);
      this.#sent.delete(id);
      this.#overdue.delete(id);
      if (sent === undefined || kind === 'uplink') continue;
      this.#recent.delete(id);
      this.#recent.set(id, { ...sent, shownAtMs: nowMs });
    }
    for (let oldest = this.#recent.oldest; oldest !== undefined; oldest = this.#recent.oldest) {
      if (nowMs - oldest.shownAtMs < GRACE_MS && this.#recent.size <= SENT_MAX) break; // in the order of answering
      this.#recent.delete(oldest.act.id);
    }
  }
}
