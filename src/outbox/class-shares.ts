/**
 * Shares of the three classes of messages in the hub's rate limit (docs/decisions/0014):
 *
 *     alarms: at most four of five ─▶ live messages: at least their share ─▶ backlog: the rest
 *
 * No rate is reserved: the other classes use a share that is not used. Within each class the lanes take turns by
 * deficit round robin.
 */
import type { Entry } from '../custody/entry.ts';

/** `live`: no message in the lane is older than this connection. */
export type LaneClass = 'alarm' | 'live' | 'backlog';

const CLASSES: readonly LaneClass[] = ['alarm', 'live', 'backlog'];
/** Alarms in a row before another class has a turn. Topics configured as alarms by mistake must not block the rest. */
const ALARMS_IN_ROW_MAX = 4;
/** Tolerance for rounding: repeated additions of a share such as 0.1 give a little less than 1. */
const ROUNDING = 1e-9;
/** Bytes that a lane may send per round: several telemetry messages. */
const QUANTUM_BYTES = 1024;

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
    for (const other of CLASSES) if (other !== laneClass) this.#roundRobin[other].leave(lane);
    this.#roundRobin[laneClass].join(lane);
  }

  get hasAlarms(): boolean {
    return !this.#roundRobin.alarm.isEmpty;
  }

  get hasBacklog(): boolean {
    return !this.#roundRobin.backlog.isEmpty;
  }

  /**
   * @param pick returns the next entry of the lane, or `undefined` if the lane has none now; the lane then leaves its
   * round
   * @param onlyAlarms true if the other classes have no slot now
   * @param isBacklogOpen false if an operator has limited the backlog and it has no turn now
   */
  next(pick: (lane: number) => Entry | undefined, onlyAlarms: boolean, isBacklogOpen = true): Entry | undefined {
    if (onlyAlarms) return this.#roundRobin.alarm.next(pick);
    const isAlarmTurn = this.#alarmsInRow < ALARMS_IN_ROW_MAX;
    const entry =
      (isAlarmTurn ? this.#nextAlarm(pick) : undefined) ??
      this.#nextOther(pick, isBacklogOpen) ??
      this.#nextAlarm(pick);
    return entry;
  }

  #nextAlarm(pick: (lane: number) => Entry | undefined): Entry | undefined {
    const entry = this.#roundRobin.alarm.next(pick);
    if (entry !== undefined) this.#alarmsInRow += 1;
    return entry;
  }

  #nextOther(pick: (lane: number) => Entry | undefined, isBacklogOpen: boolean): Entry | undefined {
    this.#alarmsInRow = 0;
    const { live, backlog } = this.#roundRobin;
    if (!isBacklogOpen) return live.next(pick); // no share is saved up meanwhile
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

interface Turn {
  readonly lane: number;
  /** Bytes that the lane may send in this round. */
  deficit: number;
  isInRound: boolean;
}

/**
 * Fairness between subdevices: deficit round robin. A subdevice that floods the outbox does not delay the others. A
 * lane with small messages gets as many bytes as a lane with large messages. Source: Shreedhar and Varghese, "Efficient
 * Fair Queuing using Deficit Round Robin", 1995.
 */
class DeficitRoundRobin {
  #round: Turn[] = [];
  /** Turns of all lanes so far. They stay when a lane leaves the round, because most lanes come back at once. */
  readonly #turns = new Map<number, Turn>();

  /** Adds a lane that may have a message to send, at the end of the round. No effect if the lane is in the round. */
  join(lane: number): void {
    let turn = this.#turns.get(lane);
    if (turn === undefined) {
      turn = { lane, deficit: 0, isInRound: false };
      this.#turns.set(lane, turn);
    }
    if (turn.isInRound) return;
    turn.isInRound = true;
    turn.deficit = QUANTUM_BYTES;
    this.#round.push(turn);
  }

  get isEmpty(): boolean {
    return this.#round.length === 0;
  }

  /** Removes a lane that changed to another class. */
  leave(lane: number): void {
    const turn = this.#turns.get(lane);
    if (turn === undefined || !turn.isInRound) return;
    turn.isInRound = false;
    this.#round = this.#round.filter((other) => other !== turn);
  }

  /**
   * @param pick returns the next entry of the lane, or `undefined` if the lane has none now; the lane then leaves the
   * round
   * @returns the next entry to send
   */
  next(pick: (lane: number) => Entry | undefined): Entry | undefined {
    for (let turn = this.#round[0]; turn !== undefined; turn = this.#round[0]) {
      const entry = pick(turn.lane);
      if (entry === undefined) {
        this.#round.shift();
        turn.isInRound = false;
        continue;
      }
      if (turn.deficit >= entry.bytes) {
        turn.deficit -= entry.bytes;
        return entry;
      }
      turn.deficit += QUANTUM_BYTES;
      if (this.#round.length > 1) {
        this.#round.shift();
        this.#round.push(turn);
      }
    }
    return undefined;
  }
}
