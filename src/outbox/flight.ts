/**
 * QoS 1 messages handed to the hub and not acknowledged, by packet identifier.
 *
 * The identifier follows from the message's `seq`, so it is the same after a reconnect and after a restart without a
 * single write to disk. Entries leave by PUBACK, by a lost connection (into `again`, in the order of the first sending
 * [MQTT-4.6.0-1]) or because no PUBACK came in time.
 */
import type { Entry } from '../custody/entry.ts';

/** Identifiers of PUBLISH; those above belong to SUBSCRIBE and UNSUBSCRIBE. */
export const PUBLISH_PACKET_IDS = 60_000;

export function packetIdOf(seq: number): number {
  return 1 + (seq % PUBLISH_PACKET_IDS);
}

interface Flying {
  readonly entry: Entry;
  /** Its PUBACK has been missing once: it blocks no slot any longer. */
  readonly isOverdue: boolean;
}

export class Flight {
  readonly #flying = new Map<number, Flying>();
  #again: Entry[] = [];
  #fresh = 0;

  /** Entries that take a slot of the window. */
  get fresh(): number {
    return this.#fresh;
  }

  get size(): number {
    return this.#flying.size + this.#again.length;
  }

  /** May this entry fly now, or is its packet identifier in use by another? */
  isFree(entry: Entry): boolean {
    const other = this.#flying.get(packetIdOf(entry.row.seq));
    return other === undefined || other.entry === entry;
  }

  launch(entry: Entry, nowMs: number): void {
    const packetId = packetIdOf(entry.row.seq);
    this.#remove(packetId);
    const isOverdue = entry.attempts > 0;
    entry.inFlight = true;
    entry.sentBefore = true;
    entry.sentAtMs = nowMs;
    this.#flying.set(packetId, { entry, isOverdue });
    if (!isOverdue) this.#fresh += 1;
  }

  /** The PUBACK. `undefined`: of something we do not know, e.g. shed meanwhile. */
  land(packetId: number): Entry | undefined {
    return this.#remove(packetId)?.entry;
  }

  /** Those sent at or before `sentBeforeMs`: they leave the flight and are the caller's again. */
  takeUnanswered(sentBeforeMs: number): Entry[] {
    const late: Entry[] = [];
    for (const [packetId, { entry }] of this.#flying) {
      if (entry.sentAtMs > sentBeforeMs) break; // the map is in the order of sending
      this.#remove(packetId);
      late.push(entry);
    }
    return late;
  }

  /** Sent first of all that fly, in monotonic ms. */
  get oldestSentAtMs(): number | undefined {
    for (const { entry } of this.#flying.values()) return entry.sentAtMs;
    return undefined;
  }

  /** To be sent before anything else, behind what already waits to be. */
  sendAgain(entry: Entry): void {
    entry.inFlight = true;
    this.#again.push(entry);
  }

  /** The connection is gone: everything in the air waits to be sent again, in its order. */
  ground(): void {
    const grounded = [...this.#flying.values()].map(({ entry }) => entry);
    this.#again = [...grounded, ...this.#again].sort((left, right) => left.sentAtMs - right.sentAtMs);
    this.#flying.clear();
    this.#fresh = 0;
  }

  /** What is to be sent again, without those whose custody has ended. */
  get again(): readonly Entry[] {
    if (this.#again.some((entry) => entry.ended !== undefined))
      this.#again = this.#again.filter((entry) => entry.ended === undefined);
    return this.#again;
  }

  takeAgain(): Entry | undefined {
    return this.#again.shift();
  }

  /** Custody ended by policy while it was in the air: its PUBACK will find nobody. */
  forget(entry: Entry): void {
    if (this.#flying.get(packetIdOf(entry.row.seq))?.entry === entry) this.#remove(packetIdOf(entry.row.seq));
  }

  #remove(packetId: number): Flying | undefined {
    const flying = this.#flying.get(packetId);
    if (flying === undefined) return undefined;
    this.#flying.delete(packetId);
    if (!flying.isOverdue) this.#fresh -= 1;
    return flying;
  }
}
