/**
 * QoS 1 messages handed to the hub and not acknowledged, by packet identifier.
 *
 * The identifier follows from the message's `seq`, so it is the same after a reconnect and after a restart without a
 * single write to disk. Entries leave by PUBACK, by a lost connection (into `again`, in the order of the first sending
 * [MQTT-4.6.0-1]) or because no PUBACK came in time. Two bounds keep a topic without PUBACKs from blocking the others:
 * `fresh` are those the hub is trusted to answer; `doubtful` are those of topics it has refused, beside them.
 */
import type { Entry } from '../custody/entry.ts';

/** Identifiers of PUBLISH; those above belong to SUBSCRIBE and UNSUBSCRIBE. */
export const PUBLISH_PACKET_IDS = 60_000;

export function packetIdOf(seq: number): number {
  return 1 + (seq % PUBLISH_PACKET_IDS);
}

/** `overdue`: its PUBACK has been missing once; it takes no slot any longer. */
type Slot = 'fresh' | 'doubtful' | 'overdue';

interface SentEntry {
  readonly entry: Entry;
  readonly slot: Slot;
}

export class InFlight {
  readonly #sent = new Map<number, SentEntry>();
  #again: Entry[] = [];
  /** Of `#again`, those sent in this connection: their PUBACK may still come, and counts. */
  readonly #late = new Map<number, Entry>();
  readonly #slots: Record<Slot, number> = { fresh: 0, doubtful: 0, overdue: 0 };
  #sentCount = 0;

  /** Entries that take a slot of the window. */
  get fresh(): number {
    return this.#slots.fresh;
  }

  get doubtful(): number {
    return this.#slots.doubtful;
  }

  get size(): number {
    return this.#sent.size + this.#again.length;
  }

  /** May this entry fly now, or is its packet identifier in use by another? */
  isFree(entry: Entry): boolean {
    const packetId = packetIdOf(entry.row.seq);
    const other = this.#sent.get(packetId)?.entry ?? this.#late.get(packetId);
    return other === undefined || other === entry;
  }

  /** The entry that a PUBACK with this identifier would be for. */
  of(packetId: number): Entry | undefined {
    return this.#sent.get(packetId)?.entry ?? this.#late.get(packetId);
  }

  /** @param isDoubtful it is of a topic that the hub has refused */
  add(entry: Entry, nowMs: number, isDoubtful: boolean): void {
    const packetId = packetIdOf(entry.row.seq);
    this.#remove(packetId);
    this.#late.delete(packetId);
    const slot = entry.attempts > 0 ? 'overdue' : isDoubtful ? 'doubtful' : 'fresh';
    entry.inFlight = true;
    entry.sentBefore = true;
    entry.sentAtMs = nowMs;
    if (entry.sentPlace === 0) {
      this.#sentCount += 1;
      entry.sentPlace = this.#sentCount;
    }
    this.#sent.set(packetId, { entry, slot });
    this.#slots[slot] += 1;
  }

  /** The PUBACK. `undefined`: of something we do not know, e.g. shed meanwhile. */
  acknowledge(packetId: number): Entry | undefined {
    const acknowledged = this.#remove(packetId)?.entry ?? this.#late.get(packetId);
    if (acknowledged !== undefined && this.#late.delete(packetId)) {
      this.#again = this.#again.filter((entry) => entry !== acknowledged);
    }
    return acknowledged?.ended === undefined ? acknowledged : undefined;
  }

  /** Those sent at or before `sentBeforeMs`: they leave the flight and are the caller's again. */
  takeUnanswered(sentBeforeMs: number): Entry[] {
    const late: Entry[] = [];
    for (const [packetId, { entry }] of this.#sent) {
      if (entry.sentAtMs > sentBeforeMs) break; // the map is in the order of sending
      this.#remove(packetId);
      late.push(entry);
    }
    return late;
  }

  /** Sent first of all that fly, in monotonic ms. */
  get oldestSentAtMs(): number | undefined {
    for (const { entry } of this.#sent.values()) return entry.sentAtMs;
    return undefined;
  }

  /** To be sent before anything else, behind what already waits to be. */
  sendAgain(entry: Entry): void {
    entry.inFlight = true;
    this.#again.push(entry);
    this.#late.set(packetIdOf(entry.row.seq), entry);
  }

  /** The connection is gone: everything in the air waits to be sent again, in the order of the first sending. */
  connectionLost(): void {
    // not by the last sending: one that was repeated meanwhile would fall behind its successors [MQTT-4.6.0-1]
    this.#again = [...this.#again, ...this.entries].sort((left, right) => left.sentPlace - right.sentPlace);
    this.#sent.clear();
    this.#late.clear();
    for (const slot of ['fresh', 'doubtful', 'overdue'] as const) this.#slots[slot] = 0;
  }

  /** What is to be sent again, without those whose custody has ended. */
  get again(): readonly Entry[] {
    if (this.#again.some((entry) => entry.ended !== undefined))
      this.#again = this.#again.filter((entry) => entry.ended === undefined);
    return this.#again;
  }

  /**
   * Takes the first of these that may go. One whose PUBACK was never missed takes a slot of the window: others may have
   * taken them all while its lane was not to go.
   */
  takeAgain(mayGo: (entry: Entry) => boolean, hasSlot: boolean): Entry | undefined {
    const first = this.again.find(mayGo);
    if (first === undefined || !this.isFree(first) || (!hasSlot && first.attempts === 0)) return undefined;
    this.#again = this.#again.filter((entry) => entry !== first);
    return first;
  }

  /** Sent in this connection and not answered yet. */
  get entries(): Entry[] {
    return [...this.#sent.values()].map(({ entry }) => entry);
  }

  /** Custody ended by policy while it was in the air: its PUBACK will find nobody. */
  forget(entry: Entry): void {
    if (this.#sent.get(packetIdOf(entry.row.seq))?.entry === entry) this.#remove(packetIdOf(entry.row.seq));
  }

  #remove(packetId: number): SentEntry | undefined {
    const sent = this.#sent.get(packetId);
    if (sent === undefined) return undefined;
    this.#sent.delete(packetId);
    this.#slots[sent.slot] -= 1;
    return sent;
  }
}
