/**
 * Inbox: durable downlinks for the subdevices, lane by lane.
 *
 * Counterpart of the outbox. QoS 1 messages are kept for an absent subdevice, bounded in number and age. They are
 * delivered in order, one at a time, and with pauses to a subdevice that reconnects. A sleeping subdevice gets at each
 * waking the messages that have waited until then, each once. QoS 0 messages are only for subdevices that are present.
 * The Custodian has custody; `flow/downlink.ts` sends the PUBACK to the hub.
 */
import type { Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { EarlierSendings } from '../custody/earlier-sendings.ts';
import type { AckWaiter, Entry } from '../custody/entry.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { LaneWants, RowPage } from '../custody/row.ts';
import { type Delivery, type DeliveryState, newDeliveryState, type SessionEnd } from './delivery-state.ts';

export interface InboxLimits {
  /** Largest number of messages per subdevice. */
  readonly messagesMax: number;
  readonly overflow: 'drop-oldest' | 'drop-newest';
  /** Pause between two stored messages to a subdevice that reconnected, ms. */
  readonly replayIntervalMs: number;
  readonly holdMs: number;
  readonly commitMs: number;
}

/** Largest number of QoS 0 messages that wait for one subdevice. */
const QOS0_MAX = 16;

/** Reasons for which custody of an undelivered message ends. */
const UNDELIVERED = {
  refused: 'refused by the subdevice',
  invalid: 'refused by the gateway',
  unanswered: 'given up without an answer',
  empty: 'empty',
  'too large': 'too large for the link',
  failed: 'set aside after a fault',
} as const satisfies Record<string, ShedReason>;

export class Inbox {
  #limits: InboxLimits;
  readonly #custodian: Custodian;
  readonly #earlier: EarlierSendings;
  readonly #deliveryStates = new Map<number, DeliveryState>();
  /** Lanes that may hold more than the bound. */
  readonly #overfull = new Set<number>();

  constructor(limits: InboxLimits, custodian: Custodian, earlier: EarlierSendings) {
    this.#limits = limits;
    this.#custodian = custodian;
    this.#earlier = earlier;
  }

  /** Sets the limits for the messages from now on. */
  setLimits(limits: InboxLimits): void {
    this.#limits = limits;
  }

  /**
   * Takes a QoS 1 downlink into custody, and sheds by the policy if the lane is full. With drop-oldest, if the oldest
   * messages are only on disk, the message is accepted beyond the bound (see `excess`); they are shed once they are
   * read.
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
        this.countShed(lane, 'overflow drop-newest', message.topic);
        return undefined;
      }
      this.#dropOldest(lane, 1);
    }
    const { state, replayTo } = this.#of(lane);
    // a few messages before this one are delivered within the hold time, but a replay is not
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

  /** Number of messages beyond the bounds of their subdevices. They are shed as soon as they are read from disk. */
  get excess(): number {
    let sum = 0;
    for (const lane of this.#overfull) {
      const { pending, rowsOnDisk } = this.#custodian.lane(lane);
      const excess = pending - this.#limits.messagesMax;
      // messages on hold are not shed, and must not stop the hub
      if (excess > 0 && rowsOnDisk > 0) sum += excess;
      else this.#overfull.delete(lane);
    }
    return sum;
  }

  /** Number of QoS 1 messages that wait for the subdevice of `lane`. */
  pending(lane: number): number {
    return this.#custodian.lane(lane).pending;
  }

  /** State of the delivery to the subdevice of `lane`, for reports. `undefined`: nothing was delivered or expected. */
  deliveryOf(lane: number): Readonly<DeliveryState> | undefined {
    return this.#deliveryStates.get(lane);
  }

  /** True if the same message waits for the subdevice of `lane`. Only messages in RAM are compared. */
  holds(lane: number, { topic, payload }: Message): boolean {
    const { window } = this.#custodian.lane(lane);
    return window.some(({ row }) => row.topic === topic && Buffer.compare(row.payload, payload) === 0);
  }

  /** Queues a QoS 0 message for a subdevice that is present, or counts it as shed. */
  offerQos0(lane: number, message: Message): void {
    const deliveryState = this.#of(lane);
    if (this.#custodian.lane(lane).isCovered(message.topic)) this.countShed(lane, 'QoS 0 while on hold', message.topic);
    else if (deliveryState.state === 'away') this.countShed(lane, 'QoS 0 while the subdevice is away', message.topic);
    else if (deliveryState.qos0.length >= QOS0_MAX) this.countShed(lane, 'QoS 0 too fast', message.topic);
    else deliveryState.qos0.push(message);
  }

  /** Counts a downlink that is shed without having been in custody. */
  countShed(lane: number, reason: ShedReason, topic?: string): void {
    this.#custodian.countOnly(lane, { as: 'shed', reason }, topic);
  }

  attached(lane: number, nowMs: number): void {
    const deliveryState = this.#of(lane);
    deliveryState.state = 'active';
    this.#backToWindow(deliveryState); // after a move to another link an unfinished delivery is repeated
    deliveryState.replayTo = this.#custodian.lane(lane).pending > 0 ? this.#custodian.lastSeq : 0;
    deliveryState.replayAtMs = nowMs;
  }

  /** @param isOver true if the session ended with the connection: its waiting messages are shed and counted */
  detached(lane: number, isOver: boolean): void {
    const deliveryState = this.#of(lane);
    deliveryState.state = 'away';
    this.#backToWindow(deliveryState);
    for (const { topic } of deliveryState.qos0.splice(0))
      this.countShed(lane, 'QoS 0 while the subdevice is away', topic);
    if (isOver) this.endSession(lane);
  }

  /** Called when the subdevice sleeps (again). An unfinished delivery is repeated later. */
  slept(lane: number): void {
    const deliveryState = this.#of(lane);
    if (deliveryState.state === 'away') return;
    deliveryState.state = 'asleep';
    this.#backToWindow(deliveryState);
  }

  woke(lane: number): void {
    const deliveryState = this.#of(lane);
    if (deliveryState.state !== 'asleep') return;
    deliveryState.state = 'awake';
    deliveryState.wakeTo = this.#custodian.lastSeq;
  }

  /** Returns true once when a woken subdevice has received all messages of this waking. It sleeps then. */
  endWake(lane: number): boolean {
    const deliveryState = this.#of(lane);
    const { pending, onHold, window } = this.#custodian.lane(lane);
    const isServed = pending === onHold || (window[0]?.row.seq ?? 0) > deliveryState.wakeTo;
    if (deliveryState.state !== 'awake' || deliveryState.delivering !== undefined || !isServed) return false;
    deliveryState.state = 'asleep';
    return true;
  }

  /** Sheds the messages of an ended session. Rows that are only on disk are shed as they are read. */
  endSession(lane: number, reason: SessionEnd = 'session ended'): void {
    Object.assign(this.#of(lane), { discardTo: this.#custodian.lastSeq, discardAs: reason });
    this.#discard(lane);
  }

  /**
   * Returns the next message for the subdevice of `lane`, if it is present and idle, and its replay interval has
   * passed.
   */
  next(lane: number, nowMs: number): Delivery | undefined {
    const deliveryState = this.#of(lane);
    const { state } = deliveryState;
    if (state === 'away' || state === 'asleep' || deliveryState.delivering !== undefined) return undefined;
    this.#discard(lane);
    this.#custodian.parkWindow(lane, nowMs); // a delivery that had begun before an operator hold may have failed
    const entry = this.#custodian.lane(lane).window[0];
    const isReplay = state === 'active' && entry !== undefined && entry.row.seq <= deliveryState.replayTo;
    const isDue =
      state === 'active'
        ? !isReplay || nowMs >= deliveryState.replayAtMs
        : (entry?.row.seq ?? 0) <= deliveryState.wakeTo;
    if (entry !== undefined && isDue) {
      if (isReplay) deliveryState.replayAtMs = nowMs + this.#limits.replayIntervalMs;
      const { topic, payload } = entry.row;
      const dup = entry.sentBefore;
      entry.inFlight = true;
      entry.sentBefore = true;
      deliveryState.delivering = { lane, message: { topic, payload, qos: 1 }, entry, dup };
    } else {
      const message = deliveryState.qos0.shift();
      if (message === undefined) return undefined;
      deliveryState.delivering = { lane, message, entry: undefined, dup: false };
    }
    return deliveryState.delivering;
  }

  /** True if the subdevice of `lane` is awake or active, and nothing is being delivered to it. */
  isIdle(lane: number): boolean {
    const { state, delivering } = this.#of(lane);
    return (state === 'active' || state === 'awake') && delivering === undefined;
  }

  /** Begins the delivery of a message of the gateway itself to a subdevice that is idle. */
  beginOwn(lane: number, message: Message): Delivery {
    const delivery: Delivery = { lane, message, entry: undefined, dup: false, isOwn: true };
    this.#of(lane).delivering = delivery;
    return delivery;
  }

  /** Called when the delivery of a message of the gateway itself has ended. */
  endOwn(delivery: Delivery): void {
    this.#finish(delivery);
  }

  /**
   * Ends the pauses between the messages that waited when the subdevice connected. @returns false if none waits for a
   * pause
   */
  deliverNow(lane: number): boolean {
    const deliveryState = this.#of(lane);
    const oldest = this.#custodian.lane(lane).window[0];
    if (deliveryState.state !== 'active' || oldest === undefined || oldest.row.seq > deliveryState.replayTo)
      return false;
    deliveryState.replayTo = 0;
    return true;
  }

  /** Called when the subdevice has the message. */
  delivered(delivery: Delivery): void {
    this.#finish(delivery);
    if (delivery.entry === undefined) this.#custodian.countOnly(delivery.lane, { as: 'delivered' });
    else this.#custodian.end(delivery.entry, { as: 'delivered' });
  }

  /**
   * Handles a failed delivery. `lost`: the message stays in custody. Other reasons: the message will never be accepted.
   */
  undelivered(delivery: Delivery, why: keyof typeof UNDELIVERED | 'lost'): void {
    const wasCurrent = this.#finish(delivery);
    if (delivery.entry === undefined) this.countShed(delivery.lane, UNDELIVERED[why === 'lost' ? 'refused' : why]);
    else if (why === 'lost') {
      if (wasCurrent) delivery.entry.inFlight = false;
    } else this.#custodian.end(delivery.entry, { as: 'shed', reason: UNDELIVERED[why] });
  }

  loaded(wanted: LaneWants, page: RowPage): void {
    for (const entry of this.#custodian.loaded(wanted, page)) this.#earlier.loaded(entry);
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

  /** Lanes of subdevices that are present. */
  *attachedLanes(): IterableIterator<number> {
    for (const [lane, { state }] of this.#deliveryStates) if (state !== 'away') yield lane;
  }

  /** Time of the next replayed message, monotonic ms. `nowMs` for one that is due. */
  wakeAtMs(nowMs: number): number | undefined {
    let soonest: number | undefined;
    for (const [lane, deliveryState] of this.#deliveryStates) {
      if (deliveryState.state !== 'active' || deliveryState.delivering !== undefined) continue;
      if (this.#custodian.lane(lane).window.length === 0) continue;
      const atMs = Math.max(deliveryState.replayAtMs, nowMs);
      soonest = Math.min(soonest ?? atMs, atMs);
    }
    return soonest;
  }

  /** Sheds the oldest messages in RAM until there is room for `more`. */
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

  /** @returns whether the message was being delivered; false if the subdevice has attached again meanwhile */
  #finish(delivery: Delivery): boolean {
    const deliveryState = this.#of(delivery.lane);
    if (deliveryState.delivering !== delivery) return false;
    deliveryState.delivering = undefined;
    return true;
  }

  #backToWindow(deliveryState: DeliveryState): void {
    const entry = deliveryState.delivering?.entry;
    if (entry !== undefined) entry.inFlight = false;
    deliveryState.delivering = undefined;
  }

  #of(lane: number): DeliveryState {
    const known = this.#deliveryStates.get(lane);
    if (known !== undefined) return known;
    const deliveryState = newDeliveryState();
    this.#deliveryStates.set(lane, deliveryState);
    return deliveryState;
  }
}
