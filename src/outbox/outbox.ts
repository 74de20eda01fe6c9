/**
 * What we owe the hub: which uplink is let in, which goes next, and which is given up.
 *
 * Stands between the drivers' reports and the hub client; asks custody (`Custodian`) for everything that must not be
 * forgotten. Invariants: nothing is accepted beyond the bounds unless a policy sheds for it; order within a subdevice and
 * topic is that of admission; no more than `inFlightMax` fresh messages in flight; never above the pace; a topic without
 * PUBACKs blocks nobody else.
 */
import { chargedBytes, type Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { WaitLimits } from '../custody/durability.ts';
import type { Entry } from '../custody/entry.ts';
import { ownerOf } from '../custody/lane-number.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { Row, RowPage } from '../custody/row.ts';
import type { LaneClass } from './class-shares.ts';
import { EarlierSendings } from './earlier-sendings.ts';
import { messageProblem } from './hub-limits.ts';
import { uplinkAct } from './hub-packet.ts';
import { InFlight, packetIdOf } from './in-flight.ts';
import type { AbandonedUplink, Admission, Offer, OutboxLimits, Sending, Verdict } from './outbox-contract.ts';
import { Pacer } from './pacer.ts';
import { PoisonDetector } from './poison-detector.ts';
import { Scheduler } from './scheduler.ts';
import { TopicAckHealth } from './topic-ack-health.ts';

export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #custodian: Custodian;
  readonly #unacknowledged = new InFlight();
  readonly ackHealth = new TopicAckHealth();
  readonly poison: PoisonDetector;
  readonly #scheduler: Scheduler;
  readonly pacer: Pacer;
  #isConnected = false;
  /** The disk is full: nothing more can be promised. */
  isClosed = false;
  readonly #earlier: EarlierSendings;

  /** @param ownFrom the first number that no earlier process has used */
  constructor(limits: OutboxLimits, custodian: Custodian, ownFrom: number) {
    this.#limits = limits;
    this.#custodian = custodian;
    this.#earlier = new EarlierSendings(ownFrom, limits.windowMax);
    this.poison = new PoisonDetector(limits.attemptsMax);
    this.#scheduler = new Scheduler({
      ...limits,
      custodian,
      unacknowledged: this.#unacknowledged,
      ackHealth: this.ackHealth,
      poison: this.poison,
    });
    this.pacer = new Pacer(limits.messagesPerS);
  }

  get inFlight(): number {
    return this.#unacknowledged.size;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Alarms wait: they go before everything else but our own requests. */
  get hasAlarms(): boolean {
    return this.#scheduler.hasAlarms;
  }

  classOf(lane: number): LaneClass {
    return this.#scheduler.classOf(lane);
  }

  /** Lets a QoS 1 uplink in, sheds for it, or turns it away. */
  admit(offer: Offer, nowMs: number): Admission {
    const { lane, message } = offer;
    const problem = messageProblem(message, this.#limits);
    if (problem !== undefined) return { kind: 'refused', why: 'too large', problem };
    const unstoredBytes = this.#custodian.unstoredBytes + chargedBytes(message);
    if (this.isClosed || unstoredBytes > this.#limits.unstoredBytesMax) return { kind: 'refused', why: 'congestion' };
    const replaced = offer.overflow === 'keep-latest' ? this.#replaceable(lane, message.topic) : [];
    while (this.#isOver(chargedBytes(message), replaced)) {
      if (offer.overflow === 'drop-newest') {
        const reason = 'overflow drop-newest';
        this.#custodian.countOnly(lane, { as: 'shed', reason });
        return { kind: 'shed', reason };
      }
      if (offer.overflow !== 'drop-oldest' || !this.#dropOldest(lane)) return { kind: 'refused', why: 'congestion' };
    }
    for (const older of replaced) this.#shed(older, 'replaced by a later value');
    const entry = this.#custodian.accept(lane, message, {
      stamp: offer.stamp,
      ackWaiter: offer.ackWaiter,
      letter: offer.letter,
      waitLimits: this.#waitLimits(offer, nowMs),
    });
    this.#scheduler.join(lane);
    return { kind: 'accepted', entry };
  }

  /** The hub would take it for an offence, or drop it without a word. */
  isTooLarge(message: Message): boolean {
    return messageProblem(message, this.#limits) !== undefined;
  }

  /** The next uplink to send, if the pace, the window and the connection allow one. */
  next(nowMs: number): Sending | undefined {
    if (!this.#isConnected || !this.pacer.isOpen(nowMs)) return undefined;
    const entry = this.#scheduler.next(nowMs);
    if (entry === undefined) return undefined;
    const dup = entry.sentBefore; // [MQTT-3.3.1-1]
    this.pacer.take(nowMs);
    this.#unacknowledged.add(entry, nowMs, this.ackHealth.standing(entry.row) === 'refused');
    const act = uplinkAct(entry);
    const isSuspect = this.poison.isWatched(act);
    this.poison.sent(act, nowMs);
    return { entry, packetId: packetIdOf(entry.row.seq), dup, isSuspect };
  }

  /** `undefined` for an identifier that is not in flight. */
  rowInFlight(packetId: number): Row | undefined {
    return this.#unacknowledged.of(packetId)?.row;
  }

  /** PUBACK: custody is the hub's. @returns the entry; `undefined` for an identifier that is not in flight */
  acknowledged(packetId: number): Entry | undefined {
    const entry = this.#unacknowledged.acknowledge(packetId);
    if (entry === undefined) return undefined;
    this.ackHealth.restore(entry.row);
    this.poison.uplinkSurvived(entry);
    this.#custodian.end(entry, { as: 'delivered' });
    this.#scheduler.join(entry.row.lane);
    this.#scheduler.unblock();
    return entry;
  }

  /** It cannot be sent: a dead letter where it is on disk, else shed, so that the next one gets on. */
  setAside(packetId: number, reason: string): Entry | undefined {
    const entry = this.#unacknowledged.acknowledge(packetId);
    if (entry === undefined) return undefined;
    this.poison.uplinkSurvived(entry);
    const isStored = entry.keeping === 'stored';
    this.#custodian.end(entry, isStored ? { as: 'dead', reason } : { as: 'shed', reason: 'set aside after a fault' });
    this.#scheduler.join(entry.row.lane);
    this.#scheduler.unblock();
    return entry;
  }

  /**
   * PUBACKs that are missing for too long: counted, sent again, or given up.
   * @param heardAtMs when the hub last spoke: what fell due later may be in a connection that is dead, and is not counted
   */
  giveUp(lastReceivedAtMs: number): AbandonedUplink[] {
    const buried: AbandonedUplink[] = [];
    if (!this.#isConnected) return buried;
    for (const entry of this.#unacknowledged.takeUnanswered(lastReceivedAtMs - this.#limits.pubackMsMax)) {
      const isHalted = this.#scheduler.isHalted(entry.row.lane); // the hub could not answer: no fault of the message
      if (!isHalted) entry.attempts += 1;
      this.poison.uplinkSurvived(entry);
      const isDue = entry.attempts >= this.#limits.attemptsMax;
      // only what is on disk can become a dead letter; what is not waits for the disk
      if (!isHalted && isDue && entry.keeping === 'stored') {
        const reason = `no PUBACK after ${entry.attempts} ${entry.attempts === 1 ? 'attempt' : 'attempts'}`;
        this.ackHealth.refuse(entry.row);
        this.#custodian.end(entry, { as: 'dead', reason });
        buried.push({ entry, reason });
      } else {
        if (!isHalted) this.ackHealth.doubt(entry.row);
        this.#unacknowledged.sendAgain(entry);
      }
      this.#scheduler.join(entry.row.lane);
    }
    this.#scheduler.unblock();
    return buried;
  }

  /** Messages of topics that are set aside become dead letters without being sent. */
  deadLetterAside(): AbandonedUplink[] {
    const reason = 'its topic is set aside: the hub closed the connection on each of the messages before it';
    const aside = this.#scheduler.takeAside().filter(({ ended }) => ended === undefined);
    for (const entry of aside) {
      if (entry.ended !== undefined) continue;
      this.#custodian.end(entry, { as: 'dead', reason });
      this.#scheduler.join(entry.row.lane);
    }
    return [...new Set(aside)].map((entry) => ({ entry, reason }));
  }

  /** The hub takes nothing of this lane for now: nothing of it is sent, doubted or given up; or it does so again. */
  setHalted(lane: number, isHalted: boolean): void {
    this.#scheduler.setHalted(lane, isHalted);
  }

  /** @param sessionPresent the hub remembers us: what was in flight is a DUP; else it is new to it */
  connected(sessionPresent: boolean, nowMs: number): void {
    this.#isConnected = true;
    this.poison.connected(nowMs);
    if (!sessionPresent) {
      this.poison.sessionLost();
      this.#earlier.forget();
      for (const lane of this.#custodian.lanes()) for (const entry of lane.window) entry.sentBefore = false;
    }
    this.#scheduler.connected();
  }

  /** @returns what the end of the connection says about a packet */
  disconnected(ended: 'by hub' | 'by silence' | 'otherwise', nowMs: number): Verdict | undefined {
    this.#isConnected = false;
    let verdict: Verdict | undefined;
    if (ended === 'by hub') verdict = this.poison.closed(nowMs);
    if (ended === 'by silence') verdict = this.poison.died(nowMs);
    this.poison.left();
    this.#scheduler.disconnected();
    this.#unacknowledged.connectionLost();
    if (verdict?.kind === 'buried') {
      this.ackHealth.clear(verdict.entry.row);
      this.#custodian.end(verdict.entry, { as: 'dead', reason: verdict.reason });
    }
    return verdict;
  }

  /** Rows have come back from disk. */
  loaded(wanted: ReadonlyMap<number, number>, page: RowPage): void {
    for (const entry of this.#custodian.loaded(wanted, page)) this.#earlier.loaded(entry);
    for (const lane of wanted.keys()) this.#scheduler.join(lane);
  }

  /** Sheds what is certainly too old, from the oldest on. @returns how many */
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

  /** When `giveUp` may have something to do. */
  get overdueAtMs(): number | undefined {
    const oldest = this.#isConnected ? this.#unacknowledged.oldestSentAtMs : undefined;
    return oldest === undefined ? undefined : oldest + this.#limits.pubackMsMax;
  }

  /** Held in RAM only if the hub is there and nothing is ahead (design §1), and if it is not on disk as a dead letter. */
  #waitLimits(offer: Offer, nowMs: number): WaitLimits {
    const isNear = offer.letter === undefined && this.#isConnected && this.#custodian.lane(offer.lane).isOpenAtEnd;
    return { holdUntilMs: isNear ? nowMs + offer.holdMs : undefined, commitByMs: nowMs + offer.commitMs };
  }

  /** Would a message of `bytes` pass the bounds, without those it replaces? */
  #isOver(bytes: number, replaced: readonly Entry[]): boolean {
    const pending = this.#custodian.pending - replaced.length;
    const pendingBytes = replaced.reduce((sum, older) => sum - older.bytes, this.#custodian.pendingBytes);
    return pending >= this.#limits.messagesMax || pendingBytes + bytes > this.#limits.bytesMax;
  }

  /** For an alarm the subdevice's ordinary messages give way first. */
  #dropOldest(lane: number): boolean {
    const lanes = [ownerOf(lane), lane].map((number) => this.#custodian.lane(number));
    const oldest = lanes.flatMap(({ window }) => window).find((entry) => !this.#isAtHub(entry));
    if (oldest === undefined) return false;
    this.#shed(oldest, 'overflow drop-oldest');
    return true;
  }

  #replaceable(lane: number, topic: string): Entry[] {
    return this.#custodian.lane(lane).window.filter((entry) => entry.row.topic === topic && !this.#isAtHub(entry));
  }

  /** The hub may have it by now, and its PUBACK may come: not ours to shed. */
  #isAtHub(entry: Entry): boolean {
    return this.#isConnected && entry.inFlight;
  }

  #shed(entry: Entry, reason: ShedReason): void {
    this.#unacknowledged.forget(entry);
    this.#custodian.end(entry, { as: 'shed', reason });
    if (entry.attempts === 0) return;
    const { lane, topic } = entry.row;
    const isDoubted = (other: Entry): boolean => other.attempts > 0 && other.row.topic === topic;
    if (!this.#custodian.lane(lane).window.some(isDoubted)) this.ackHealth.clear(entry.row);
  }
}
