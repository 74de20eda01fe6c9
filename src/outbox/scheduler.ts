/**
 * Which message goes to the hub next. Order is kept within each lane and topic; a topic that cannot go holds up nobody
 * else; whose turn it is among the lanes is decided by `shares.ts`.
 */
import type { Custodian } from '../custody/custodian.ts';
import type { Entry } from '../custody/entry.ts';
import { alarmLaneOf, isAlarmLane, ownerOf } from '../custody/lane-number.ts';
import { ClassShares, type LaneClass } from './class-shares.ts';
import { uplinkAct } from './hub-packet.ts';
import type { InFlight } from './in-flight.ts';
import type { PoisonDetector } from './poison-detector.ts';
import type { TopicAckHealth } from './topic-ack-health.ts';

export interface SchedulerOptions {
  readonly custodian: Custodian;
  readonly unacknowledged: InFlight;
  readonly ackHealth: TopicAckHealth;
  readonly poison: PoisonDetector;
  readonly inFlightMax: number;
  readonly liveShare: number;
}

/** Beside `inFlightMax`, for alarms: they must not wait for the PUBACKs of what is in no hurry. */
const ALARM_SLOTS = 4;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #shares: ClassShares;
  /** Lanes that had something to send and no slot or packet identifier for it. */
  readonly #blocked = new Set<number>();
  /** Lanes that left their round since a message of theirs waits for what is suspected or doubted. */
  readonly #held = new Set<number>();
  /** Subdevices the hub would take nothing of now: they have no turn until it would again. */
  readonly #halted = new Set<number>();
  /** Messages after this one came in during this connection. */
  #liveFrom = Number.POSITIVE_INFINITY;

  /** Met on the way, of topics that are set aside: they are not sent. */
  #aside: Entry[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#shares = new ClassShares(options.liveShare);
  }

  /** Alarms wait: they go before everything else but our own requests. */
  get hasAlarms(): boolean {
    return this.#shares.hasAlarms;
  }

  classOf(lane: number): LaneClass {
    if (isAlarmLane(lane)) return 'alarm';
    const oldest = this.#options.custodian.lane(lane).window[0];
    return oldest !== undefined && oldest.row.seq > this.#liveFrom ? 'live' : 'backlog';
  }

  connected(): void {
    const { custodian } = this.#options;
    this.#liveFrom = custodian.lastSeq;
    for (const { lane } of custodian.lanes()) this.join(lane);
  }

  disconnected(): void {
    this.#liveFrom = Number.POSITIVE_INFINITY;
  }

  /** The lane may have something to send. */
  join(lane: number): void {
    this.#shares.join(lane, this.classOf(lane));
  }

  isHalted(lane: number): boolean {
    return this.#halted.has(ownerOf(lane));
  }

  /** @param subdevice its own lane; its alarms wait too */
  setHalted(subdevice: number, isHalted: boolean): void {
    if (isHalted) this.#halted.add(subdevice);
    else if (this.#halted.delete(subdevice)) for (const lane of [subdevice, alarmLaneOf(subdevice)]) this.join(lane);
  }

  /** A slot or an identifier has become free. */
  unblock(): void {
    for (const lane of this.#blocked) this.join(lane);
    this.#blocked.clear();
  }

  next(nowMs: number): Entry | undefined {
    const { unacknowledged, inFlightMax, poison } = this.#options;
    if (poison.mustWait(nowMs)) return undefined;
    for (const lane of this.#held) this.join(lane);
    this.#held.clear();
    const hasSlot = unacknowledged.fresh < inFlightMax;
    const mayGo = (entry: Entry) => !this.isHalted(entry.row.lane) && this.#mayGo(entry, nowMs);
    const again = unacknowledged.takeAgain(mayGo, hasSlot);
    if (again !== undefined || unacknowledged.fresh >= inFlightMax + ALARM_SLOTS) return again;
    return this.#shares.next((lane) => this.#sendable(lane, nowMs), !hasSlot);
  }

  /** Stored messages that are not sent, since their topics are set aside. */
  takeAside(): Entry[] {
    return this.#aside.splice(0);
  }

  #mayGo(entry: Entry, nowMs: number): boolean {
    const permission = this.#options.poison.mayGo(uplinkAct(entry), nowMs);
    if (permission === 'set aside' && entry.keeping === 'stored') this.#aside.push(entry);
    return permission === 'go';
  }

  /** What cannot go yet holds up only its own topic. */
  #sendable(lane: number, nowMs: number): Entry | undefined {
    const { custodian, unacknowledged, ackHealth, inFlightMax } = this.#options;
    if (this.isHalted(lane)) return undefined;
    for (const entry of custodian.lane(lane).window) {
      if (entry.inFlight) continue;
      const standing = ackHealth.standing(entry.row);
      if (standing === 'suspect') continue;
      if (!this.#mayGo(entry, nowMs)) {
        this.#held.add(lane);
        continue;
      }
      if (standing === 'refused' && unacknowledged.doubtful >= inFlightMax) this.#blocked.add(lane);
      else if (unacknowledged.isFree(entry)) return entry;
      else {
        this.#blocked.add(lane);
        return undefined;
      }
    }
    return undefined;
  }
}
