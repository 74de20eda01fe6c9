/**
 * Chooses the next message for the hub. The order within each lane and topic is kept, and a topic that is blocked does
 * not delay other topics. `class-shares.ts` chooses between the lanes.
 */
import type { Custodian } from '../custody/custodian.ts';
import type { Entry } from '../custody/entry.ts';
import { alarmLaneOf, isAlarmLane, ownerOf } from '../custody/lane-number.ts';
import { BacklogGate } from './backlog-gate.ts';
import { ClassShares, type LaneClass } from './class-shares.ts';
import { uplinkAct } from './hub-packet.ts';
import type { InFlight } from './in-flight.ts';
import type { PoisonDetector } from './poison-detector.ts';
import type { PublishPermission } from './publish-permission.ts';
import type { TopicAckHealth } from './topic-ack-health.ts';

export interface SchedulerOptions {
  readonly custodian: Custodian;
  readonly unacknowledged: InFlight;
  readonly ackHealth: TopicAckHealth;
  readonly poison: PoisonDetector;
  readonly inFlightMax: number;
  readonly liveShare: number;
  readonly permission: PublishPermission;
}

/** Slots for alarms in addition to `inFlightMax`, so that alarms do not wait for the PUBACKs of other messages. */
export const ALARM_SLOTS = 4;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #shares: ClassShares;
  readonly backlogGate = new BacklogGate();
  /** Lanes with a message to send, but without a slot or a free packet identifier. */
  readonly #blocked = new Set<number>();
  /** Lanes that left their round because a message of theirs waits for a suspected or doubted packet. */
  readonly #held = new Set<number>();
  /** Lanes that left their round because the hub has not confirmed yet that the subdevice is online. */
  readonly #unannounced = new Set<number>();
  /** Subdevices whose messages the hub does not accept now. Their lanes have no turn until they are resumed. */
  readonly #halted = new Set<number>();
  /** Messages with a higher number were accepted during this connection. */
  #liveFrom = Number.POSITIVE_INFINITY;

  /** Messages found in the lanes whose topics are set aside. They are not sent. */
  #aside: Entry[] = [];

  /** Time of the current choice, monotonic ms. */
  #nowMs = 0;
  readonly #pick = (lane: number): Entry | undefined => this.#sendable(lane);
  readonly #mayGoAgain = (entry: Entry): boolean =>
    !this.isHalted(entry.row.lane) &&
    !this.#isOnHold(entry) &&
    this.#options.permission.mayPublish(entry.row.lane) &&
    this.#mayGo(entry);

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#shares = new ClassShares(options.liveShare);
  }

  /** True if alarms wait. They are sent before everything else except the gateway's own requests. */
  get hasAlarms(): boolean {
    return this.#shares.hasAlarms;
  }

  /** Time at which a limited backlog has its next turn, monotonic ms. `undefined`: it is paused, not limited, or empty. */
  get backlogAtMs(): number | undefined {
    return this.#shares.hasBacklog ? this.backlogGate.opensAtMs : undefined;
  }

  classOf(lane: number): LaneClass {
    if (isAlarmLane(lane)) return 'alarm';
    const oldest = this.#options.custodian.lane(lane).window[0];
    return oldest !== undefined && oldest.row.seq > this.#liveFrom ? 'live' : 'backlog';
  }

  connected(): void {
    const { custodian } = this.#options;
    this.#liveFrom = custodian.lastSeq;
    this.joinAll();
  }

  /** Adds all lanes, because any of them may have a message to send. */
  joinAll(): void {
    for (const { lane } of this.#options.custodian.lanes()) this.join(lane);
  }

  disconnected(): void {
    this.#liveFrom = Number.POSITIVE_INFINITY;
    this.#unannounced.clear();
  }

  /** True if messages of the lane are in flight, or can be sent as soon as the hub permits it. */
  isSending(lane: number): boolean {
    const { window, pending, onHold } = this.#options.custodian.lane(lane);
    if (window.some(({ inFlight }) => inFlight)) return true;
    const isPaused = this.backlogGate.isPaused && this.classOf(lane) === 'backlog';
    return pending > onHold && !isPaused;
  }

  /** Adds a lane that may have a message to send. */
  join(lane: number): void {
    this.#shares.join(lane, this.classOf(lane));
  }

  /** True if the hub permits to publish messages of the lane. */
  isReady(lane: number): boolean {
    return this.#options.permission.isReady(lane);
  }

  isHalted(lane: number): boolean {
    return this.#halted.has(ownerOf(lane));
  }

  /** @param subdevice lane of the subdevice's ordinary messages; the lane of its alarms is halted too */
  setHalted(subdevice: number, isHalted: boolean): void {
    if (isHalted) this.#halted.add(subdevice);
    else if (this.#halted.delete(subdevice)) for (const lane of [subdevice, alarmLaneOf(subdevice)]) this.join(lane);
  }

  /** Called when a slot or a packet identifier has become free. */
  unblock(): void {
    if (this.#blocked.size === 0) return;
    for (const lane of this.#blocked) this.join(lane);
    this.#blocked.clear();
  }

  next(nowMs: number): Entry | undefined {
    const { unacknowledged, inFlightMax, poison } = this.#options;
    if (poison.mustWait(nowMs)) return undefined;
    if (this.#held.size > 0) {
      for (const lane of this.#held) this.join(lane);
      this.#held.clear();
    }
    for (const lane of this.#unannounced) {
      if (!this.#options.permission.mayPublish(lane)) continue;
      this.#unannounced.delete(lane);
      this.join(lane);
    }
    this.#nowMs = nowMs;
    const hasSlot = unacknowledged.fresh < inFlightMax;
    const hasAlarmSlot = unacknowledged.fresh < inFlightMax + ALARM_SLOTS;
    const again = unacknowledged.takeAgain(this.#mayGoAgain, { slot: hasSlot, alarmSlot: hasAlarmSlot });
    if (again !== undefined || !hasAlarmSlot) return again;
    const entry = this.#shares.next(this.#pick, !hasSlot, this.backlogGate.isOpen(nowMs));
    if (entry !== undefined && this.classOf(entry.row.lane) === 'backlog') this.backlogGate.take(nowMs);
    return entry;
  }

  /** Returns and removes stored messages whose topics are set aside. */
  takeAside(): Entry[] {
    return this.#aside.length === 0 ? this.#aside : this.#aside.splice(0);
  }

  /** True for a message that was in flight when an operator hold began, and that the hub has not acknowledged. */
  #isOnHold({ row }: Entry): boolean {
    return this.#options.custodian.lane(row.lane).isCovered(row.topic);
  }

  #mayGo(entry: Entry): boolean {
    const permission = this.#options.poison.mayGo(uplinkAct(entry), this.#nowMs);
    if (permission === 'set aside' && entry.keeping === 'stored') this.#aside.push(entry);
    return permission === 'go';
  }

  /** Returns the next entry of a lane. A blocked message blocks only its own topic. */
  #sendable(lane: number): Entry | undefined {
    const { custodian, unacknowledged, ackHealth, inFlightMax, permission } = this.#options;
    const { window } = custodian.lane(lane);
    if (window.length === 0 || this.isHalted(lane)) return undefined;
    if (!permission.mayPublish(lane)) {
      this.#unannounced.add(lane);
      return undefined;
    }
    for (const entry of window) {
      if (entry.inFlight) continue;
      const topicState = ackHealth.stateOf(entry.row);
      if (topicState === 'suspect') continue;
      if (!this.#mayGo(entry)) {
        this.#held.add(lane);
        continue;
      }
      if (topicState === 'refused' && unacknowledged.doubtful >= inFlightMax) this.#blocked.add(lane);
      else if (unacknowledged.isFree(entry)) return entry;
      else {
        this.#blocked.add(lane);
        return undefined;
      }
    }
    return undefined;
  }
}
