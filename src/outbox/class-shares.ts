/**
 * Shares of the three classes of messages in the hub's rate limit (docs/decisions/0014):
 *
 *     alarms: at most four of five ─▶ live messages: at least their share ─▶ backlog: the rest
 *
 * No rate is reserved: the other classes use a share that is not used. Within each class the lanes take turns.
 */
import type { Entry } from '../custody/entry.ts';
import { DeficitRoundRobin } from './deficit-round-robin.ts';

/** `live`: no message in the lane is older than this connection. */
export type LaneClass = 'alarm' | 'live' | 'backlog';

/** Alarms in a row before another class has a turn. Topics configured as alarms by mistake must not block the rest. */
const ALARMS_IN_ROW_MAX = 4;
/** Tolerance for sums of a share like 0.1, which fall short of 1 by rounding. */
const ROUNDING = 1e-9;

export class ClassShares {
  readonly #liveShare: number;
  readonly #roundRobin: Readonly<Record<LaneClass, DeficitRoundRobin>> = {
    alarm: new DeficitRoundRobin(),
    live: new DeficitRoundRobin(),
    backlog: new DeficitRoundRobin(),
  };
  #alarmsInRow = 0;
  /** Credit of the live class, in messages. A live message is sent when the credit reaches 1. */
  #liveCredit = 0;

  /** @param liveShare share of live messages in the rate left by alarms, 0 to 1 */
  constructor(liveShare: number) {
    this.#liveShare = liveShare;
  }

  /** Adds a lane that may have a message to send. */
  join(lane: number, laneClass: LaneClass): void {
    for (const other of ['alarm', 'live', 'backlog'] as const)
      if (other !== laneClass) this.#roundRobin[other].leave(lane);
    this.#roundRobin[laneClass].join(lane);
  }

  get hasAlarms(): boolean {
    return !this.#roundRobin.alarm.isEmpty;
  }

  /**
   * @param pick returns the next entry of the lane, or `undefined` if the lane has none now; the lane then leaves its
   * round
   * @param onlyAlarms true if the other classes have no slot now
   */
  next(pick: (lane: number) => Entry | undefined, onlyAlarms: boolean): Entry | undefined {
    if (onlyAlarms) return this.#roundRobin.alarm.next(pick);
    const isAlarmTurn = this.#alarmsInRow < ALARMS_IN_ROW_MAX;
    const entry = (isAlarmTurn ? this.#nextAlarm(pick) : undefined) ?? this.#nextOther(pick) ?? this.#nextAlarm(pick);
    return entry;
  }

  #nextAlarm(pick: (lane: number) => Entry | undefined): Entry | undefined {
    const entry = this.#roundRobin.alarm.next(pick);
    if (entry !== undefined) this.#alarmsInRow += 1;
    return entry;
  }

  #nextOther(pick: (lane: number) => Entry | undefined): Entry | undefined {
    this.#alarmsInRow = 0;
    const { live, backlog } = this.#roundRobin;
    const credit = this.#liveCredit + this.#liveShare;
    if (credit >= 1 - ROUNDING) {
      const entry = live.next(pick);
      if (entry !== undefined) this.#liveCredit = credit - 1;
      return entry ?? backlog.next(pick); // the credit stays for the next live message
    }
    const entry = backlog.next(pick);
    if (entry !== undefined) this.#liveCredit = credit;
    return entry ?? live.next(pick);
  }
}
