/**
 * QoS 1 messages that were sent to the hub and are not acknowledged, by packet identifier.
 *
 * The identifier is derived from the message's `seq`. So it is the same after a reconnect and after a restart, without
 * a write to disk. Entries leave by PUBACK, by a lost connection (into `again`, in the order of the first sending
 * [MQTT-4.6.0-1]) or because no PUBACK came in time. Two bounds keep a topic without PUBACKs from blocking the others:
 * `fresh` counts messages that the hub is expected to acknowledge; `doubtful` counts messages of topics without
 * PUBACKs.
 */
import { SlotMap } from '../base/slot-map.ts';
import type { Entry } from '../custody/entry.ts';
import { isAlarmLane } from '../custody/lane-number.ts';

/** Number of packet identifiers for PUBLISH. Higher identifiers are used for SUBSCRIBE and UNSUBSCRIBE. */
export const PUBLISH_PACKET_IDS = 60_000;

export function packetIdOf(seq: number): number {
  return 1 + (seq % PUBLISH_PACKET_IDS);
}

/** `overdue`: a PUBACK of the message has been missing once. The message takes no slot of the window. */
type Slot = 'fresh' | 'doubtful' | 'overdue';

interface SentEntry {
  readonly entry: Entry;
  readonly slot: Slot;
}

export class InFlight {
  readonly #sent = new SlotMap<number, SentEntry>();
  #again: Entry[] = [];
  /** Entries of `#again` that were sent in this connection. A late PUBACK for them still counts. */
  readonly #late = new Map<number, Entry>();
  readonly #slots: Record<Slot, number> = { fresh: 0, doubtful: 0, overdue: 0 };
  #sentCount = 0;

  /** Number of entries that take a slot of the window. */
  get fresh(): number {
    return this.#slots.fresh;
  }

  get doubtful(): number {
    return this.#slots.doubtful;
  }

  get size(): number {
    return this.#sent.size + this.#again.length;
  }

  /** Number of entries that were sent in this connection and are unanswered. */
  get unanswered(): number {
    return this.#sent.size;
  }

  /** True unless another entry uses the packet identifier of this entry. */
  isFree(entry: Entry): boolean {
    const packetId = packetIdOf(entry.row.seq);
    const other = this.#sent.get(packetId)?.entry ?? this.#late.get(packetId);
    return other === undefined || other === entry;
  }

  /** Returns the entry that a PUBACK with this identifier acknowledges. */
  of(packetId: number): Entry | undefined {
    return this.#sent.get(packetId)?.entry ?? this.#late.get(packetId);
  }

  /** @param isDoubtful true if the hub does not acknowledge the topic */
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

  /**
   * Handles a PUBACK. Returns `undefined` for an unknown identifier, for example of a message that was shed meanwhile.
   */
  acknowledge(packetId: number): Entry | undefined {
    const acknowledged = this.#remove(packetId)?.entry ?? this.#late.get(packetId);
    if (acknowledged !== undefined && this.#late.delete(packetId)) {
      this.#again = this.#again.filter((entry) => entry !== acknowledged);
    }
    return acknowledged?.ended === undefined ? acknowledged : undefined;
  }

  /** Removes and returns the entries sent at or before `sentBeforeMs`. */
  takeUnanswered(sentBeforeMs: number): Entry[] {
    const late: Entry[] = [];
    for (let oldest = this.#sent.oldest; oldest !== undefined; oldest = this.#sent.oldest) {
      const { entry } = oldest;
      if (entry.sentAtMs > sentBeforeMs) break; // the map is in the order of sending
      this.#remove(packetIdOf(entry.row.seq));
      late.push(entry);
    }
    return late;
  }

  /** Time of the oldest unanswered sending, monotonic ms. */
  get oldestSentAtMs(): number | undefined {
    return this.#sent.oldest?.entry.sentAtMs;
  }

  /** Schedules an entry to be sent again: before all new messages, after those already scheduled. */
  sendAgain(entry: Entry): void {
    entry.inFlight = true;
    this.#again.push(entry);
    this.#late.set(packetIdOf(entry.row.seq), entry);
  }

  /**
   * Called when the connection is lost. Schedules all unacknowledged entries to be sent again, in the order of the
   * first sending.
   */
  connectionLost(): void {
    // not in the order of the last sending: a repeated message would be sent after its successors [MQTT-4.6.0-1]
    this.#again = [...this.#again, ...this.entries].sort((left, right) => left.sentPlace - right.sentPlace);
    this.#sent.clear();
    this.#late.clear();
    for (const slot of ['fresh', 'doubtful', 'overdue'] as const) this.#slots[slot] = 0;
  }

  /** Entries to send again, without those whose custody has ended. */
  get again(): readonly Entry[] {
    if (this.#again.some((entry) => entry.ended !== undefined))
      this.#again = this.#again.filter((entry) => entry.ended === undefined);
    return this.#again;
  }

  /**
   * Takes the first entry to send again that may be sent. An entry without a missed PUBACK needs a slot of the window:
   * other messages may have taken all slots while the entry's lane was halted. An alarm may take a slot of the alarms,
   * because a new alarm that takes it would overtake an older one of its topic.
   */
  takeAgain(
    mayGo: (entry: Entry) => boolean,
    has: { readonly slot: boolean; readonly alarmSlot: boolean },
  ): Entry | undefined {
    if (this.#again.length === 0) return undefined;
    const fits = ({ attempts, row }: Entry): boolean =>
      has.slot || attempts > 0 || (has.alarmSlot && isAlarmLane(row.lane));
    const first = this.again.find(mayGo);
    const mustWait = first !== undefined && !fits(first);
    const next = mustWait
      ? this.again.find((entry) => isAlarmLane(entry.row.lane) && fits(entry) && mayGo(entry))
      : first;
    if (next === undefined || !this.isFree(next)) return undefined;
    this.#again = this.#again.filter((entry) => entry !== next);
    return next;
  }

  /** Entries that were sent in this connection and are unanswered. */
  get entries(): Entry[] {
    return [...this.#sent.values()].map(({ entry }) => entry);
  }

  /** Removes an entry whose custody ended by a policy. Its PUBACK will be ignored. */
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
