/**
 * What we owe the subdevices: durable downlinks, lane by lane.
 *
 * The mirror image of the outbox: QoS 1 is kept for a subdevice that is away (bounded in number and age), delivered in
 * order, one at a time, and at a gentle pace to one that comes back. One that sleeps gets at each waking what has waited
 * until then, each message once. QoS 0 is for those who are there. Custody is the Custodian's; the hub's PUBACK follows
 * from it in `flow/downlink.ts`.
 */
import type { Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { AckWaiter, Entry } from '../custody/entry.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { RowPage } from '../custody/row.ts';
import { type Delivery, type DeliveryState, newDeliveryState, type SessionEnd } from './delivery-state.ts';

export interface InboxLimits {
  /** Per subdevice. */
  readonly messagesMax: number;
  readonly overflow: 'drop-oldest' | 'drop-newest';
  /** Pause between two stored messages to one who was away, in ms. */
  readonly replayIntervalMs: number;
  readonly holdMs: number;
  readonly commitMs: number;
}

/** QoS 0 messages that may wait for their turn at one subdevice, or for its waking. */
const QUICK_MAX = 16;

/** Why it is not owed any more. */
const UNDELIVERED = {
  refused: 'refused by the subdevice',
  invalid: 'refused by the gateway',
  unanswered: 'given up without an answer',
  empty: 'empty',
  'too large': 'too large for the link',
  failed: 'set aside after a fault',
} as const satisfies Record<string, ShedReason>;

export class Inbox {
  readonly #limits: InboxLimits;
  readonly #custodian: Custodian;
  readonly #attendances = new Map<number, DeliveryState>();
  /** Lanes that may hold more than the bound. */
  readonly #overfull = new Set<number>();

  constructor(limits: InboxLimits, custodian: Custodian) {
    this.#limits = limits;
    this.#custodian = custodian;
  }

  /**
   * Takes a QoS 1 downlink into custody; sheds by policy when the lane is full. With drop-oldest, if the oldest messages are
   * on disk only, the message is taken beyond the bound (see `excess`), and they are shed as soon as they have been read.
   */
  admit(
    lane: number,
    message: Message,
    from: { readonly stamp: Stamp; readonly ackWaiter: AckWaiter; readonly nowMs: number },
  ): Entry | undefined {
    const queue = this.#custodian.lane(lane);
    if (queue.pending >= this.#limits.messagesMax) {
      const hasOthers = queue.rowsOnDisk > 0 || queue.window.some((entry) => !entry.inFlight);
      if (this.#limits.overflow === 'drop-newest' || !hasOthers) {
        this.#custodian.countOnly(lane, { as: 'shed', reason: 'overflow drop-newest' });
        return undefined;
      }
      this.#dropOldest(lane, 1);
    }
    const { state, replayTo } = this.#of(lane);
    // a few ahead of it are delivered within the hold; a replay is not
    const isReplaying = (queue.window[0]?.row.seq ?? Number.POSITIVE_INFINITY) <= replayTo;
    const isNear = state === 'active' && queue.isOpenAtEnd && !isReplaying;
    return this.#custodian.accept(lane, message, {
      stamp: from.stamp,
      ackWaiter: from.ackWaiter,
      waitLimits: {
        holdUntilMs: isNear ? from.nowMs + this.#limits.holdMs : undefined,
        commitByMs: from.nowMs + this.#limits.commitMs,
      },
    });
  }

  /** Messages beyond the bounds of their subdevices, which are shed as soon as they have been read from disk. */
  get excess(): number {
    let sum = 0;
    for (const lane of this.#overfull) {
      const excess = this.#custodian.lane(lane).pending - this.#limits.messagesMax;
      if (excess > 0) sum += excess;
      else this.#overfull.delete(lane);
    }
    return sum;
  }

  /** QoS 1 messages waiting for the subdevice of `lane`. */
  pending(lane: number): number {
    return this.#custodian.lane(lane).pending;
  }

  /** Whether the same message waits for the subdevice of `lane`, as far as that is in RAM. */
  holds(lane: number, { topic, payload }: Message): boolean {
    const { window } = this.#custodian.lane(lane);
    return window.some(({ row }) => row.topic === topic && Buffer.compare(row.payload, payload) === 0);
  }

  /** QoS 0: now, soon, or not at all. */
  offerQos0(lane: number, message: Message): void {
    const attendance = this.#of(lane);
    if (attendance.state === 'away') this.pass(lane, 'QoS 0 while the subdevice is away');
    else if (attendance.qos0.length >= QUICK_MAX) this.pass(lane, 'QoS 0 too fast');
    else attendance.qos0.push(message);
  }

  /** Counts a downlink that goes nowhere. */
  pass(lane: number, reason: ShedReason): void {
    this.#custodian.countOnly(lane, { as: 'shed', reason });
  }

  attached(lane: number, nowMs: number): void {
    const attendance = this.#of(lane);
    attendance.state = 'active';
    this.#backToWindow(attendance); // it has moved from one link to another: what was under way there is still owed
    attendance.replayTo = this.#custodian.lane(lane).pending > 0 ? this.#custodian.lastSeq : 0;
    attendance.replayAtMs = nowMs;
  }

  /** @param isOver its session ended with the connection: what it was still owed is shed, and counted */
  detached(lane: number, isOver: boolean): void {
    const attendance = this.#of(lane);
    attendance.state = 'away';
    this.#backToWindow(attendance);
    for (const _ of attendance.qos0.splice(0)) this.pass(lane, 'QoS 0 while the subdevice is away');
    if (isOver) this.endSession(lane);
  }

  /** It sleeps, or sleeps again: what is under way is still owed. */
  slept(lane: number): void {
    const attendance = this.#of(lane);
    if (attendance.state === 'away') return;
    attendance.state = 'asleep';
    this.#backToWindow(attendance);
  }

  woke(lane: number): void {
    const attendance = this.#of(lane);
    if (attendance.state !== 'asleep') return;
    attendance.state = 'awake';
    attendance.wakeTo = this.#custodian.lastSeq;
  }

  /** Has whoever woke got all it woke for? Then it sleeps again, and this is said once. */
  endWake(lane: number): boolean {
    const attendance = this.#of(lane);
    const { pending, window } = this.#custodian.lane(lane);
    const isServed = pending === 0 || (window[0]?.row.seq ?? 0) > attendance.wakeTo;
    if (attendance.state !== 'awake' || attendance.delivering !== undefined || !isServed) return false;
    attendance.state = 'asleep';
    return true;
  }

  /** What a clean session leaves behind; rows that are on disk only follow as they are read. */
  endSession(lane: number, reason: SessionEnd = 'session ended'): void {
    Object.assign(this.#of(lane), { discardTo: this.#custodian.lastSeq, discardAs: reason });
    this.#discard(lane);
  }

  /** The next message for the subdevice of `lane`, if it is there, idle, and its replay allows it. */
  next(lane: number, nowMs: number): Delivery | undefined {
    const attendance = this.#of(lane);
    const { state } = attendance;
    if (state === 'away' || state === 'asleep' || attendance.delivering !== undefined) return undefined;
    this.#discard(lane);
    const entry = this.#custodian.lane(lane).window[0];
    const isReplay = state === 'active' && entry !== undefined && entry.row.seq <= attendance.replayTo;
    const isDue =
      state === 'active' ? !isReplay || nowMs >= attendance.replayAtMs : (entry?.row.seq ?? 0) <= attendance.wakeTo;
    if (entry !== undefined && isDue) {
      if (isReplay) attendance.replayAtMs = nowMs + this.#limits.replayIntervalMs;
      const { topic, payload } = entry.row;
      const dup = entry.sentBefore;
      entry.inFlight = true;
      entry.sentBefore = true;
      attendance.delivering = { lane, message: { topic, payload, qos: 1 }, entry, dup };
    } else {
      const message = attendance.qos0.shift();
      if (message === undefined) return undefined;
      attendance.delivering = { lane, message, entry: undefined, dup: false };
    }
    return attendance.delivering;
  }

  /** The subdevice has it. */
  delivered(delivery: Delivery): void {
    this.#finish(delivery);
    if (delivery.entry === undefined) this.#custodian.countOnly(delivery.lane, { as: 'delivered' });
    else this.#custodian.end(delivery.entry, { as: 'delivered' });
  }

  /** `lost`: still owed. The others: it will never take this one. */
  undelivered(delivery: Delivery, why: keyof typeof UNDELIVERED | 'lost'): void {
    const wasCurrent = this.#finish(delivery);
    if (delivery.entry === undefined) this.pass(delivery.lane, UNDELIVERED[why === 'lost' ? 'refused' : why]);
    else if (why === 'lost') {
      if (wasCurrent) delivery.entry.inFlight = false;
    } else this.#custodian.end(delivery.entry, { as: 'shed', reason: UNDELIVERED[why] });
  }

  loaded(wanted: ReadonlyMap<number, number>, page: RowPage): void {
    this.#custodian.loaded(wanted, page);
    for (const lane of wanted.keys()) {
      this.#discard(lane);
      if (this.#limits.overflow === 'drop-oldest') this.#dropOldest(lane, 0);
    }
  }

  expire(isExpired: (stamp: Stamp) => boolean): number {
    let expired = 0;
    for (const lane of this.#custodian.lanes()) {
      for (
        let oldest = lane.window[0];
        oldest !== undefined && !oldest.inFlight && isExpired(oldest.row.stamp);
        oldest = lane.window[0]
      ) {
        this.#custodian.end(oldest, { as: 'shed', reason: 'expired' });
        expired += 1;
      }
    }
    return expired;
  }

  /** Lanes of subdevices that are there. */
  *attachedLanes(): IterableIterator<number> {
    for (const [lane, { state }] of this.#attendances) if (state !== 'away') yield lane;
  }

  /** When a replay may go on; `nowMs` for one that may already, whose turn has not come yet. */
  wakeAtMs(nowMs: number): number | undefined {
    let soonest: number | undefined;
    for (const [lane, attendance] of this.#attendances) {
      if (attendance.state !== 'active' || attendance.delivering !== undefined) continue;
      if (this.#custodian.lane(lane).window.length === 0) continue;
      const atMs = Math.max(attendance.replayAtMs, nowMs);
      soonest = Math.min(soonest ?? atMs, atMs);
    }
    return soonest;
  }

  /** Sheds the oldest messages that are in RAM until there is room for `more`. */
  #dropOldest(lane: number, more: number): void {
    const queue = this.#custodian.lane(lane);
    while (queue.pending + more > this.#limits.messagesMax) {
      const oldest = queue.window.find((entry) => !entry.inFlight);
      if (oldest === undefined) {
        if (queue.rowsOnDisk > 0) this.#overfull.add(lane);
        return;
      }
      this.#custodian.end(oldest, { as: 'shed', reason: 'overflow drop-oldest' });
    }
  }

  #discard(lane: number): void {
    const { discardTo, discardAs } = this.#of(lane);
    if (discardTo === 0) return;
    const over = this.#custodian.lane(lane).window.filter((entry) => entry.row.seq <= discardTo);
    for (const entry of over) this.#custodian.end(entry, { as: 'shed', reason: discardAs });
  }

  /** @returns whether it was under way; not so if the subdevice has attached anew meanwhile */
  #finish(delivery: Delivery): boolean {
    const attendance = this.#of(delivery.lane);
    if (attendance.delivering !== delivery) return false;
    attendance.delivering = undefined;
    return true;
  }

  #backToWindow(attendance: DeliveryState): void {
    const entry = attendance.delivering?.entry;
    if (entry !== undefined) entry.inFlight = false;
    attendance.delivering = undefined;
  }

  #of(lane: number): DeliveryState {
    const known = this.#attendances.get(lane);
    if (known !== undefined) return known;
    const attendance = newDeliveryState();
    this.#attendances.set(lane, attendance);
    return attendance;
  }
}
