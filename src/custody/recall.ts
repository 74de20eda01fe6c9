/** Reading of rows from disk into lanes: which lanes want rows, which rows they get, and which rows are missing. */
import type { Entry } from './entry.ts';
import type { Lane } from './lane.ts';
import { isAlarmLane } from './lane-number.ts';
import type { LaneWant, LaneWants, RowPage } from './row.ts';

export interface Lost {
  /** Sequence number of the lost row. `undefined`: unknown. */
  readonly seq: number | undefined;
  readonly bytes: number;
  readonly rows: number;
}

const NO_WANTS: LaneWants = new Map();

export class Recall {
  readonly #laneOf: (lane: number) => Lane;
  readonly #lost: (lane: Lane, lost: Lost) => void;
  readonly #onDisk = new Set<number>();
  /** Lane → its turn and number of rows on disk at the last request. The answer must account for all these rows. */
  readonly #asked = new Map<number, { readonly turn: number; readonly rows: number }>();

  constructor(laneOf: (lane: number) => Lane, lost: (lane: Lane, lost: Lost) => void) {
    this.#laneOf = laneOf;
    this.#lost = lost;
  }

  /** Called when the lane has rows that are on disk only. */
  onDisk(lane: number): void {
    this.#onDisk.add(lane);
  }

  /**
   * Rows to read next. As soon as one lane is low, all lanes with room are read together. So the next rows of the lanes
   * stay close together on disk, and a page skips few rows. Alarms are read first: in one page with other lanes, an
   * alarm would have to wait for all rows before it.
   */
  wanted(): LaneWants {
    let isAnyLow = false;
    let isAlarmLow = false;
    for (const number of this.#onDisk) {
      const lane = this.#laneOf(number);
      if (lane.rowsOnDisk === 0) this.#onDisk.delete(number);
      else if (lane.isLow) {
        isAnyLow = true;
        if (isAlarmLane(number)) isAlarmLow = true;
      }
    }
    if (!isAnyLow) return NO_WANTS;
    const wanted = new Map<number, LaneWant>();
    for (const number of this.#onDisk) {
      const { wants, rowsOnDisk, turn } = this.#laneOf(number);
      if (wants === undefined || (isAlarmLow && !isAlarmLane(number))) continue;
      wanted.set(number, wants);
      this.#asked.set(number, { rows: rowsOnDisk, turn });
    }
    return wanted;
  }

  loaded(wanted: LaneWants, page: RowPage): Entry[] {
    const entries: Entry[] = [];
    const rowsOf = Map.groupBy(page.rows, ({ lane }) => lane);
    for (const [number, want] of wanted) {
      const lane = this.#laneOf(number);
      const asked = this.#asked.get(number) ?? { rows: 0, turn: lane.turn };
      this.#asked.delete(number);
      if (asked.turn !== lane.turn) continue; // the lane reads other rows meanwhile
      const rows = rowsOf.get(number) ?? [];
      const last = rows.at(-1);
      const isServed = last !== undefined && rows.length >= want.rows;
      const passed = page.passed?.find((one) => one.lane === number);
      const loaded = lane.load(rows, isServed ? last.seq : page.scannedTo, passed);
      entries.push(...loaded);
      const damaged = page.damaged.filter((row) => row.lane === number && row.seq < lane.readTo);
      for (const { seq, bytes } of damaged) this.#lost(lane, { seq, bytes, rows: 1 });
      const found = loaded.length + damaged.length + (passed?.rows ?? 0);
      const missing = asked.rows - found;
      if (page.atEnd && !isServed && loaded.length === rows.length && missing > 0)
        this.#lost(lane, { seq: undefined, bytes: 0, rows: missing });
    }
    return entries;
  }
}
