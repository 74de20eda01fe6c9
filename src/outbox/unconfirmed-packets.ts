/**
 * What was sent to the hub on this connection and is not shown to have been survived by it.
 *
 * A direct answer shows that. So does the answer to any packet sent later, for a packet that has no answer of its own: the
 * hub reads in the order of sending. A hub may still close a moment after its answer; what was answered just now is kept
 * apart for that.
 */
import { type HubPacket, isUnansweredAct } from './hub-packet.ts';

export interface Sent {
  readonly act: HubPacket;
  readonly atMs: number;
}

/** A hub that closes on a packet without an answer does so when it reads the packet. */
const UNANSWERED_MS_MAX = 10_000;
/** A hub that answers a packet and closes on it all the same does so within this time. */
export const GRACE_MS = 1000;
/** Bounds memory; beyond, the oldest is forgotten. */
const SENT_MAX = 2048;

export class Wire {
  /** By identity, in the order of sending. */
  readonly #sent = new Map<string, Sent>();
  /** Acts without custody that were shown to be survived, and when, by identity. */
  readonly #recent = new Map<string, Sent & { readonly shownAtMs: number }>();
  /** Identities that the PINGREQ on its way covers. */
  #pinged = new Set<string>();
  /** Identities whose answer is overdue: a PINGRESP shows that they were survived. */
  readonly #overdue = new Set<string>();

  get isEmpty(): boolean {
    return this.#sent.size === 0;
  }

  /** Something was sent that only a PINGRESP will answer, and no PINGREQ on its way does. */
  get needsPing(): boolean {
    for (const { act } of this.#sent.values()) if (this.#isForPing(act) && !this.#pinged.has(act.id)) return true;
    return false;
  }

  clear(): void {
    this.#sent.clear();
    this.#recent.clear();
    this.#pinged.clear();
    this.#overdue.clear();
  }

  /** All without a sign that they were survived. */
  get unanswered(): Sent[] {
    return [...this.#sent.values()];
  }

  send(act: HubPacket, nowMs: number): void {
    this.#sent.delete(act.id);
    this.#pinged.delete(act.id);
    this.#overdue.delete(act.id);
    this.#sent.set(act.id, { act, atMs: nowMs });
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined && this.#sent.size > SENT_MAX) this.#sent.delete(oldest);
  }

  /** Its answer is overdue. */
  overdue(id: string): void {
    if (this.#sent.has(id)) this.#overdue.add(id);
  }

  /** An answer to this one. @returns all that it shows to be survived */
  answer(id: string, nowMs: number): HubPacket[] {
    const answered = this.#sent.get(id);
    if (answered === undefined) return [];
    const shown: HubPacket[] = [];
    for (const { act } of this.#sent.values()) {
      if (act.id !== id && !isUnansweredAct(act)) continue;
      shown.push(act);
      if (act.id === id) break;
    }
    this.#show(shown, nowMs);
    return shown;
  }

  /** PINGREQ has left. */
  ping(): void {
    this.#pinged = new Set([...this.#sent.values()].flatMap(({ act }) => (this.#isForPing(act) ? [act.id] : [])));
  }

  /** PINGRESP. @returns all that it shows to be survived */
  pong(nowMs: number): HubPacket[] {
    const shown = [...this.#pinged].flatMap((id) => this.#sent.get(id)?.act ?? []);
    this.#pinged.clear();
    this.#show(shown, nowMs);
    return shown;
  }

  /** What a close now may be upon. */
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
      this.#recent.delete(id);
      if (sent !== undefined && kind !== 'uplink') this.#recent.set(id, { ...sent, shownAtMs: nowMs });
    }
    for (const [id, { shownAtMs }] of this.#recent) {
      if (nowMs - shownAtMs < GRACE_MS && this.#recent.size <= SENT_MAX) break; // in the order of answering
      this.#recent.delete(id);
    }
  }
}
