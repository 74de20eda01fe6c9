/** Reading of rows from disk into lanes: which lanes want rows, which rows they get, and which rows are missing. */
import type { Entry } from './entry.ts';
import type { Lane } from './lane.ts';
import type { RowPage } from './row.ts';

export interface Lost {
  /** `undefined`: unknown. */
  readonly seq: number | undefined;
  readonly bytes: number;
  readonly rows: number;
}

export class Recall {
  readonly #laneOf: (lane: number) => Lane;
  readonly #lost: (lane: Lane, lost: Lost) => void;
  readonly #onDisk = new Set<number>();
  /** Lane → rows on disk at the last request. That many rows must be found. */
  readonly #asked = new Map<number, number>();

  constructor(laneOf: (lane: number) => Lane, lost: (lane: Lane, lost: Lost) => void) {
    this.#laneOf = laneOf;
    this.#lost = lost;
  }

  /** The lane has rows that are on disk only. */
  onDisk(lane: number): void {
    this.#onDisk.add(lane);
  }

  wanted(): Map<number, number> {
    const wanted = new Map<number, number>();
    for (const number of this.#onDisk) {
      const lane = this.#laneOf(number);
      const from = lane.wantsFrom;
      if (lane.rowsOnDisk === 0) this.#onDisk.delete(number);
      if (from === undefined) continue;
      wanted.set(number, from);
      this.#asked.set(number, lane.rowsOnDisk);
    }
    return wanted;
  }

  loaded(wanted: ReadonlyMap<number, number>, page: RowPage): Entry[] {
    const entries: Entry[] = [];
    for (const number of wanted.keys()) {
      const lane = this.#laneOf(number);
      const rows = page.rows.filter((row) => row.lane === number);
      const loaded = lane.load(rows, page.scannedTo);
      entries.push(...loaded);
      const damaged = page.damaged.filter((row) => row.lane === number && row.seq < lane.readTo);
      for (const { seq, bytes } of damaged) this.#lost(lane, { seq, bytes, rows: 1 });
      const missing = (this.#asked.get(number) ?? 0) - loaded.length - damaged.length;
      this.#asked.delete(number);
      if (page.atEnd && loaded.length === rows.length && missing > 0)
        this.#lost(lane, { seq: undefined, bytes: 0, rows: missing });
    }
    return entries;
  }
}
