/**
 * Whose turn it is, of the one stream that the hub's ceiling allows (docs/decisions/0014):
 *
 *     alarms, four of five at most ─▶ live messages, their share at least ─▶ the backlog, whatever is left
 *
 * Nothing is kept free for anybody: a share that is not used is the others'. Within each, the lanes take turns.
 */
import type { Entry } from '../custody/entry.ts';
import { DeficitRoundRobin } from './deficit-round-robin.ts';

/** `live`: nothing in the lane is older than this connection. */
export type LaneClass = 'alarm' | 'live' | 'backlog';

/** Then one of the others: a topic that was called an alarm by mistake must not silence everything else. */
const ALARMS_IN_ROW_MAX = 4;
/** Sums of a share like 0.1 fall short of 1 by rounding. */
const ROUNDING = 1e-9;

export class ClassShares {
  readonly #liveShare: number;
  readonly #roundRobin: Readonly<Record<LaneClass, DeficitRoundRobin>> = {
    alarm: new DeficitRoundRobin(),
    live: new DeficitRoundRobin(),
    backlog: new DeficitRoundRobin(),
  };
  #alarmsInRow = 0;
  /** What live messages have coming to them, in messages. */
  #owedToLive = 0;

  /** @param liveShare 0 to 1, of what alarms leave */
  constructor(liveShare: number) {
    this.#liveShare = liveShare;
  }

  /** The lane may have something to send. */
  join(lane: number, laneClass: LaneClass): void {
    for (const other of ['alarm', 'live', 'backlog'] as const)
      if (other !== laneClass) this.#roundRobin[other].leave(lane);
    this.#roundRobin[laneClass].join(lane);
  }

  get hasAlarms(): boolean {
    return !this.#roundRobin.alarm.isEmpty;
  }

  /**
   * @param pick the lane's next entry, or `undefined` when it has none for now: then it leaves its round
   * @param onlyAlarms the others have no slot now
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
    const share = this.#owedToLive + this.#liveShare;
    if (share >= 1 - ROUNDING) {
      const entry = live.next(pick);
      if (entry !== undefined) this.#owedToLive = share - 1;
      return entry ?? backlog.next(pick); // live keeps its turn for the first message that comes
    }
    const entry = backlog.next(pick);
    if (entry !== undefined) this.#owedToLive = share;
    return entry ?? live.next(pick);
  }
}
