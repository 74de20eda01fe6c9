/**
 * Outbox: decides which uplink is accepted, which is sent next, and which is abandoned.
 *
 * The outbox is between the drivers' reports and the hub client. The `Custodian` keeps everything that must not be
 * lost. Invariants: messages are accepted beyond the bounds only if a policy sheds others for them; the order within a
 * subdevice and topic is the order of acceptance; at most `inFlightMax` fresh messages are in flight; the rate limit is
 * never exceeded; a topic without PUBACKs does not block other topics.
 */
import { DurationSum } from '../base/duration-sum.ts';
import { chargedBytes, type Message } from '../base/message.ts';
import { RecentDurations } from '../base/recent-durations.ts';
import type { Stamp } from '../base/time.ts';
import type { Outcome } from '../custody/change.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { WaitLimits } from '../custody/durability.ts';
import { EarlierSendings } from '../custody/earlier-sendings.ts';
import type { Entry } from '../custody/entry.ts';
import { ownerOf } from '../custody/lane-number.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { LaneWants, Row, RowPage } from '../custody/row.ts';
import type { BacklogPace } from './backlog-gate.ts';
import type { LaneClass } from './class-shares.ts';
import { type HubLimitProblem, messageProblem } from './hub-limits.ts';
import { uplinkAct } from './hub-packet.ts';
import { InFlight, packetIdOf } from './in-flight.ts';
import type { AbandonedUplink, Admission, Offer, OutboxLimits, Sending, Verdict } from './outbox-contract.ts';
import type { OutgoingPayloads } from './outgoing-payloads.ts';
import { Pacer } from './pacer.ts';
import { PoisonDetector } from './poison-detector.ts';
import { PERMITTED, type PublishPermission } from './publish-permission.ts';
import { ALARM_SLOTS, Scheduler } from './scheduler.ts';
import { type SendObstacle, sendObstacles } from './send-obstacles.ts';
import { TopicAckHealth } from './topic-ack-health.ts';

/** Number of round trips kept: some seconds at the rate limit of the hub, and 2 KiB. */
const ROUND_TRIPS_MAX = 256;
const NONE: readonly AbandonedUplink[] = [];
const NOTHING: readonly Entry[] = [];
const DELIVERED: Outcome = { as: 'delivered' };

export class Outbox {
  #limits: OutboxLimits;
  readonly #custodian: Custodian;
  readonly #unacknowledged = new InFlight();
  readonly ackHealth = new TopicAckHealth();
  readonly poison: PoisonDetector;
  readonly #scheduler: Scheduler;
  readonly pacer: Pacer;
  readonly payloads: OutgoingPayloads;
  /** Times from the sending of a message to its PUBACK. */
  readonly roundTrips = new DurationSum();
  /** The newest of these times, without messages that were sent again. */
  readonly recentRoundTrips = new RecentDurations(ROUND_TRIPS_MAX);
  #isConnected = false;
  #unansweredSinceMs: number | undefined;
  /** True while the disk is full: no message can be accepted. */
  isClosed = false;
  readonly #earlier: EarlierSendings;

  /** @param ownFrom lowest message number that no earlier process has used */
  constructor(
    limits: OutboxLimits,
    custodian: Custodian,
    ownFrom: number,
    payloads: OutgoingPayloads,
    permission: PublishPermission = PERMITTED,
  ) {
    this.#limits = limits;
    this.#custodian = custodian;
    this.payloads = payloads;
    this.#earlier = new EarlierSendings(ownFrom, limits.sentRowsMax);
    this.poison = new PoisonDetector(limits.attemptsMax);
    const { ackHealth, poison } = this;
    const unacknowledged = this.#unacknowledged;
    this.#scheduler = new Scheduler({ ...limits, custodian, unacknowledged, ackHealth, poison, permission });
    this.pacer = new Pacer(limits.messagesPerS);
  }

  /** Sets limits for the messages from now on. */
  setLimits(limits: Pick<OutboxLimits, 'messagesMax' | 'bytesMax' | 'pubackMsMax' | 'messagesPerS'>): void {
    const { messagesMax, bytesMax, pubackMsMax, messagesPerS } = limits;
    this.#limits = { ...this.#limits, messagesMax, bytesMax, pubackMsMax, messagesPerS };
    this.pacer.setLimit(messagesPerS);
  }

  get inFlight(): number {
    return this.#unacknowledged.size;
  }

  /** Monotonic ms of the first message sent after the last PUBACK; `undefined`: no message waits for its PUBACK. */
  get unansweredSinceMs(): number | undefined {
    return this.#unacknowledged.size === 0 ? undefined : this.#unansweredSinceMs;
  }

  /** Number of messages that were sent in this connection and are unanswered. */
  get unanswered(): number {
    return this.#unacknowledged.unanswered;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** True if no uplink waits to be sent: all that are in custody are unanswered in this connection. */
  get isIdle(): boolean {
    return this.#custodian.pending <= this.#unacknowledged.unanswered;
  }

  /** True if alarms wait. They are sent before everything else except the gateway's own requests. */
  get hasAlarms(): boolean {
    return this.#scheduler.hasAlarms;
  }

  classOf(lane: number): LaneClass {
    return this.#scheduler.classOf(lane);
  }

  /** True if messages of the lane are in flight, or can be sent as soon as the hub permits it. */
  isSending(lane: number): boolean {
    return this.#scheduler.isSending(lane);
  }

  /** Limits the backlog, and nothing else. */
  setBacklogPace(pace: BacklogPace): void {
    this.#scheduler.backlogGate.set(pace);
  }

  /** Time at which a limited backlog has its next turn, monotonic ms. */
  get backlogAtMs(): number | undefined {
    return this.#scheduler.backlogAtMs;
  }

  /** Accepts a QoS 1 uplink, sheds messages for it, or rejects it. */
  admit(offer: Offer, nowMs: number): Admission {
    const { lane, message } = offer;
    const isPromised = offer.isPromised === true || offer.letter !== undefined;
    const problem = this.#problemOf(lane, message, isPromised);
    if (problem !== undefined) return { kind: 'refused', why: 'too large', problem };
    const unstoredBytes = this.#custodian.unstoredBytes + chargedBytes(message);
    if (this.isClosed || unstoredBytes > this.#limits.unstoredBytesMax) return { kind: 'refused', why: 'congestion' };
    const replaced = offer.overflow === 'keep-latest' ? this.#replaceable(offer) : NOTHING;
    while (this.#isOver(chargedBytes(message), replaced)) {
      if (offer.overflow === 'drop-newest') {
        const reason = 'overflow drop-newest';
        this.#custodian.countOnly(lane, { as: 'shed', reason });
        return { kind: 'shed', reason };
      }
      if (offer.overflow !== 'drop-oldest' || !this.#dropOldest(lane)) return { kind: 'refused', why: 'congestion' };
    }
    for (const older of replaced) this.#shed(older, 'replaced by a later value');
    const { stamp, ackWaiter, letter, ownTopic } = offer;
    const waitLimits = this.#waitLimits(offer, nowMs);
    const entry = this.#custodian.accept(lane, message, { stamp, ackWaiter, letter, ownTopic, waitLimits });
    this.#scheduler.join(lane);
    return { kind: 'accepted', entry };
  }

  /** True if the message exceeds a limit of the hub. @param isPromised as in `Offer` */
  isTooLarge(lane: number, message: Message, isPromised: boolean): boolean {
    return this.#problemOf(lane, message, isPromised) !== undefined;
  }

  #problemOf(lane: number, message: Message, isPromised: boolean): HubLimitProblem | undefined {
    const { payload } = message;
    const sentBytes = isPromised ? payload.length : this.payloads.bytesMax(lane, message);
    return messageProblem(message, this.#limits, sentBytes);
  }

  /** Returns the next uplink to send, if the pacer, the window and the connection allow one. */
  next(nowMs: number): Sending | undefined {
    if (!this.#isConnected || !this.pacer.isOpen(nowMs)) return undefined;
    const entry = this.#scheduler.next(nowMs);
    if (entry === undefined) return undefined;
    const dup = entry.sentBefore; // [MQTT-3.3.1-1]
    this.pacer.take(nowMs);
    if (this.#unacknowledged.size === 0) this.#unansweredSinceMs = undefined;
    this.#unansweredSinceMs ??= nowMs;
    this.#unacknowledged.add(entry, nowMs, this.ackHealth.stateOf(entry.row) === 'refused');
    const act = uplinkAct(entry);
    const isSuspect = this.poison.isWatched(act);
    this.poison.sent(act, nowMs);
    return { entry, packetId: packetIdOf(entry.row.seq), dup, isSuspect };
  }

  /** Reasons why a message in the window of its lane cannot be sent now, while the hub is connected; for reports. */
  obstaclesOf(entry: Entry, nowMs: number): readonly SendObstacle[] {
    return sendObstacles(
      entry,
      {
        unacknowledged: this.#unacknowledged,
        ackHealth: this.ackHealth,
        poison: this.poison,
        pacer: this.pacer,
        scheduler: this.#scheduler,
        inFlightMax: this.#limits.inFlightMax,
        alarmSlots: ALARM_SLOTS,
      },
      nowMs,
    );
  }

  /** Returns `undefined` for an identifier that is not in flight. */
  rowInFlight(packetId: number): Row | undefined {
    return this.#unacknowledged.of(packetId)?.row;
  }

  /**
   * Handles a PUBACK: the hub has custody now. @returns the entry; `undefined` for an identifier that is not in flight
   */
  acknowledged(packetId: number): Entry | undefined {
    const entry = this.#unacknowledged.acknowledge(packetId);
    if (entry === undefined) return undefined;
    this.#unansweredSinceMs = undefined;
    this.ackHealth.restore(entry.row);
    this.poison.uplinkConfirmed(entry);
    this.#custodian.end(entry, DELIVERED);
    this.#scheduler.join(entry.row.lane);
    this.#scheduler.unblock();
    return entry;
  }

  /** Ends custody of a message that cannot be sent. A stored one becomes a dead letter, another one is shed. */
  setAside(packetId: number, reason: string): Entry | undefined {
    const entry = this.#unacknowledged.acknowledge(packetId);
    if (entry === undefined) return undefined;
    this.poison.uplinkConfirmed(entry);
    const isStored = entry.keeping === 'stored';
    this.#custodian.end(entry, isStored ? { as: 'dead', reason } : { as: 'shed', reason: 'set aside after a fault' });
    this.#scheduler.join(entry.row.lane);
    this.#scheduler.unblock();
    return entry;
  }

  /**
   * Handles missing PUBACKs: counts them, and schedules the messages to be sent again or abandons them.
   * @param lastReceivedAtMs time of the last packet from the hub. A PUBACK due later is not counted: the connection may
   * be dead
   */
  giveUp(lastReceivedAtMs: number): AbandonedUplink[] {
    const abandoned: AbandonedUplink[] = [];
    if (!this.#isConnected) return abandoned;
    for (const entry of this.#unacknowledged.takeUnanswered(lastReceivedAtMs - this.#limits.pubackMsMax)) {
      const isHalted = this.#scheduler.isHalted(entry.row.lane); // the hub could not answer: not caused by the message
      if (!isHalted) entry.attempts += 1;
      this.poison.uplinkConfirmed(entry);
      const isDue = entry.attempts >= this.#limits.attemptsMax;
      // only a stored message can become a dead letter; another one is sent again until it is stored
      if (!isHalted && isDue && entry.keeping === 'stored') {
        const reason = `no PUBACK after ${entry.attempts} ${entry.attempts === 1 ? 'attempt' : 'attempts'}`;
        this.ackHealth.refuse(entry.row);
        this.#custodian.end(entry, { as: 'dead', reason });
        abandoned.push({ entry, reason });
      } else {
        if (!isHalted) this.ackHealth.doubt(entry.row);
        this.#unacknowledged.sendAgain(entry);
      }
      this.#scheduler.join(entry.row.lane);
    }
    this.#scheduler.unblock();
    return abandoned;
  }

  /** Turns messages of topics that are set aside into dead letters without sending them. */
  deadLetterAside(): readonly AbandonedUplink[] {
    const reason = 'its topic is set aside: the hub closed the connection on each earlier message of the topic';
    const found = this.#scheduler.takeAside();
    if (found.length === 0) return NONE;
    const aside = found.filter(({ ended }) => ended === undefined);
    for (const entry of aside) {
      if (entry.ended !== undefined) continue;
      this.#custodian.end(entry, { as: 'dead', reason });
      this.#scheduler.join(entry.row.lane);
    }
    return [...new Set(aside)].map((entry) => ({ entry, reason }));
  }

  /** Stops or resumes a lane. The hub accepts no message of a halted lane: none is sent, doubted or abandoned. */
  setHalted(lane: number, isHalted: boolean): void {
    this.#scheduler.setHalted(lane, isHalted);
  }

  /** True if the hub accepts no message of the lane. */
  isHalted(lane: number): boolean {
    return this.#scheduler.isHalted(lane);
  }

  /** True if an operator hold keeps messages on the topic from the hub. */
  isOnHold(lane: number, topic: string): boolean {
    return this.#custodian.lane(lane).isCovered(topic);
  }

  /** Called when an operator hold has ended: its messages may be sent. */
  released(): void {
    this.#scheduler.joinAll();
  }

  /** @param sessionPresent true: messages in flight are sent with DUP; false: all messages are new to the hub */
  connected(sessionPresent: boolean, nowMs: number): void {
    this.#isConnected = true;
    this.payloads.connectedAtMs = nowMs;
    this.poison.connected(nowMs);
    if (!sessionPresent) {
      this.poison.sessionLost();
      this.#earlier.forget();
      for (const lane of this.#custodian.lanes()) for (const entry of lane.window) entry.sentBefore = false;
    }
    this.#scheduler.connected();
  }

  /** @returns the conclusion from the end of the connection about a packet, if any */
  disconnected(ended: 'by hub' | 'by silence' | 'for renewal' | 'otherwise', nowMs: number): Verdict | undefined {
    this.#isConnected = false;
    this.#unansweredSinceMs = undefined;
    let verdict: Verdict | undefined;
    if (ended === 'by hub') verdict = this.poison.closed(nowMs);
    if (ended === 'by silence') verdict = this.poison.died(nowMs);
    this.poison.left();
    this.#scheduler.disconnected();
    this.#unacknowledged.connectionLost();
    if (verdict?.kind === 'deadLettered') {
      this.ackHealth.clear(verdict.entry.row);
      this.#custodian.end(verdict.entry, { as: 'dead', reason: verdict.reason });
    }
    return verdict;
  }

  /** Handles rows that were loaded from disk. */
  loaded(wanted: LaneWants, page: RowPage): void {
    for (const entry of this.#custodian.loaded(wanted, page)) this.#earlier.loaded(entry);
    for (const lane of wanted.keys()) this.#scheduler.join(lane);
  }

  /** Sheds messages that are certainly too old, oldest first. @returns their number */
  expire(isExpired: (stamp: Stamp) => boolean): number {
    let expired = 0;
    for (const lane of this.#custodian.lanes()) {
      for (let oldest = lane.window[0]; oldest !== undefined; oldest = lane.window[0]) {
        if (this.#isAtHub(oldest) || !isExpired(oldest.row.stamp)) break;
        this.#shed(oldest, 'expired');
        expired += 1;
      }
    }
    return expired;
  }

  /** Time at which `giveUp` may have to handle a message, monotonic ms. */
  get overdueAtMs(): number | undefined {
    const oldest = this.#isConnected ? this.#unacknowledged.oldestSentAtMs : undefined;
    return oldest === undefined ? undefined : oldest + this.#limits.pubackMsMax;
  }

  /**
   * Holds a message in RAM only if the hub is connected, the lane has no backlog, and the message is not stored as a
   * dead letter.
   */
  #waitLimits(offer: Offer, nowMs: number): WaitLimits {
    const isNear = offer.letter === undefined && this.#isConnected && this.#custodian.lane(offer.lane).isOpenAtEnd;
    return { holdUntilMs: isNear ? nowMs + offer.holdMs : undefined, commitByMs: nowMs + offer.commitMs };
  }

  /** True if a message of `bytes` exceeds the bounds, not counting the messages that it replaces. */
  #isOver(bytes: number, replaced: readonly Entry[]): boolean {
    const pending = this.#custodian.pending - replaced.length;
    let { pendingBytes } = this.#custodian;
    for (const older of replaced) pendingBytes -= older.bytes;
    return pending >= this.#limits.messagesMax || pendingBytes + bytes > this.#limits.bytesMax;
  }

  /** Sheds the oldest message. For an alarm, ordinary messages of the subdevice are shed first. */
  #dropOldest(lane: number): boolean {
    const lanes = [ownerOf(lane), lane].map((number) => this.#custodian.lane(number));
    const oldest = lanes.flatMap(({ window }) => window).find((entry) => !this.#isAtHub(entry));
    if (oldest === undefined) return false;
    this.#shed(oldest, 'overflow drop-oldest');
    return true;
  }

  #replaceable(offer: Offer): Entry[] {
    const { window } = this.#custodian.lane(offer.lane);
    return window.filter((entry) => this.payloads.haveOneTopic(entry, offer) && !this.#isAtHub(entry));
  }

  /** True if the hub may have received the message. Its PUBACK may still come, so it must not be shed. */
  #isAtHub(entry: Entry): boolean {
    return this.#isConnected && entry.inFlight;
  }

  #shed(entry: Entry, reason: ShedReason): void {
    this.#unacknowledged.forget(entry);
    this.#custodian.end(entry, { as: 'shed', reason });
    this.#scheduler.join(entry.row.lane); // without its oldest message the lane may be live
    if (entry.attempts === 0) return;
    const { lane, topic } = entry.row;
    const isDoubted = (other: Entry): boolean => other.attempts > 0 && other.row.topic === topic;
    if (!this.#custodian.lane(lane).window.some(isDoubted)) this.ackHealth.clear(entry.row);
  }
}
