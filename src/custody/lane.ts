/**
 * The ordered queue of one subdevice in one direction, most of it on disk.
 *
 *     [ window: oldest, in RAM, may be sent ] [ on disk only ] [ tail: newest, in RAM until committed ]
 *
 * Invariants: seq rises from left to right. No entry joins the window past a row that is on disk only. The window holds
 * at most `windowMax` entries. So memory does not grow with the backlog, and the order is the order of admission. The
 * tail moves into the window as soon as no row is on disk only and the window has room. Entries move whether they are
 * committed or not. So the tail is not empty only while rows are on disk only or the window is full, and the lane wants
 * a row from disk from the moment the row has left RAM.
 */
import type { Entry } from './entry.ts';
import { canBeWithdrawn, loadedEntry } from './entry.ts';
import type { LaneWant, Row } from './row.ts';

export class Lane {
  readonly lane: number;
  readonly #windowMax: number;
  readonly #window: Entry[] = [];
  readonly #tail: Entry[] = [];
  #rowsOnDisk: number;
  #bytesOnDisk: number;
  /** Lowest possible seq of the rows that are on disk only. */
  #onDiskFrom = 0;
  #ramBytes = 0;

  /** @param onDisk rows that the opening store reports; the lane reads none of them here */
  constructor(lane: number, windowMax: number, onDisk: { readonly rows: number; readonly bytes: number }) {
    this.lane = lane;
    this.#windowMax = windowMax;
    this.#rowsOnDisk = onDisk.rows;
    this.#bytesOnDisk = onDisk.bytes;
  }

  /** Entries that may be sent, oldest first. */
  get window(): readonly Entry[] {
    return this.#window;
  }

  get rowsOnDisk(): number {
    return this.#rowsOnDisk;
  }

  /** Number of messages of this lane in custody, in RAM and on disk. */
  get pending(): number {
    return this.#window.length + this.#rowsOnDisk + this.#tail.length;
  }

  get pendingBytes(): number {
    return this.#ramBytes + this.#bytesOnDisk;
  }

  /** True if the next message would join the window: nothing is on disk or in the tail, and the window has room. */
  get isOpenAtEnd(): boolean {
    return this.#rowsOnDisk === 0 && this.#tail.length === 0 && this.#window.length < this.#windowMax;
  }

  /** Rows to read next. `undefined`: the window has no room, or no rows wait on disk. */
  get wants(): LaneWant | undefined {
    const rows = this.#windowMax - this.#window.length;
    return this.#rowsOnDisk > 0 && rows > 0 ? { from: this.#onDiskFrom, rows } : undefined;
  }

  /** True if the window is at most half full: a page then has enough rows to be worth the read. */
  get isLow(): boolean {
    return this.#window.length <= this.#windowMax / 2;
  }

  /** Returns the entry of a message in RAM. */
  entryOf(seq: number): Entry | undefined {
    const isIt = ({ row }: Entry): boolean => row.seq === seq;
    return this.#window.find(isIt) ?? this.#tail.find(isIt);
  }

  /** Number of messages of this lane before `seq`. A range for a row that is on disk only, since no row is read. */
  before(seq: number): { readonly min: number; readonly max: number } {
    const earlier = ({ row }: Entry): boolean => row.seq < seq;
    const inWindow = this.#window.filter(earlier).length;
    const inTail = this.#tail.filter(earlier).length;
    const isInTail = inTail > 0 || (this.#tail[0]?.row.seq ?? Number.POSITIVE_INFINITY) <= seq;
    if (inWindow < this.#window.length || this.#rowsOnDisk === 0)
      return { min: inWindow + inTail, max: inWindow + inTail };
    if (isInTail) {
      const all = inWindow + this.#rowsOnDisk + inTail;
      return { min: all, max: all };
    }
    const most = Math.min(this.#rowsOnDisk - 1, Math.max(0, seq - this.#onDiskFrom));
    return { min: inWindow, max: inWindow + most };
  }

  /** Newest entries of the window: those after the last entry that is not held. Oldest first. */
  heldAtEnd(): Entry[] {
    const window = this.#window;
    let from = window.length;
    while (window[from - 1]?.keeping === 'held') from -= 1;
    return window.slice(from);
  }

  /**
   * True if the acceptance of an entry in RAM can be revoked. False if a younger entry stays in custody, because the
   * repeated message would then follow that entry.
   */
  canWithdraw(entry: Entry): boolean {
    const inWindow = this.#window.lastIndexOf(entry);
    if (inWindow < 0) return this.#tail.slice(this.#tail.lastIndexOf(entry)).every(canBeWithdrawn);
    return this.#window.slice(inWindow).every(canBeWithdrawn) && this.#tail.every(canBeWithdrawn);
  }

  /**
   * Adds an entry at the end. @returns true if the entry joined the window; false: the entry may wait for long, so it
   * must be committed without delay
   */
  add(entry: Entry): boolean {
    const joins = this.isOpenAtEnd;
    (joins ? this.#window : this.#tail).push(entry);
    this.#ramBytes += entry.bytes;
    return joins;
  }

  /** Handles the receipt for an entry. An entry of the tail leaves RAM. */
  stored(entry: Entry): void {
    const position = this.#tail.indexOf(entry);
    if (position < 0) return;
    this.#tail.splice(position, 1);
    if (this.#rowsOnDisk === 0) this.#onDiskFrom = entry.row.seq;
    this.#rowsOnDisk += 1;
    this.#bytesOnDisk += entry.bytes;
    this.#ramBytes -= entry.bytes;
  }

  /** Removes an entry whose custody has ended. */
  remove(entry: Entry): void {
    const inWindow = this.#window.indexOf(entry);
    if (inWindow === 0) this.#window.shift();
    else if (inWindow > 0) this.#window.splice(inWindow, 1);
    else {
      const inTail = this.#tail.indexOf(entry);
      if (inTail < 0) return;
      this.#tail.splice(inTail, 1);
    }
    this.#ramBytes -= entry.bytes;
    this.#moveUp();
  }

  /**
   * Lowest `seq` that was not read yet: every row on disk with a lower `seq` has been read or was never on disk only.
   */
  get readTo(): number {
    return this.#onDiskFrom;
  }

  /**
   * Takes rows read from disk, in order of seq.
   * @param scannedTo every row of this lane up to this seq is in `rows`
   */
  load(rows: readonly Row[], scannedTo: number): Entry[] {
    const entries: Entry[] = [];
    for (const row of rows) {
      if (this.#window.length >= this.#windowMax) {
        this.#onDiskFrom = row.seq;
        return entries;
      }
      const entry = loadedEntry(row);
      this.#rowsOnDisk -= 1;
      this.#bytesOnDisk -= entry.bytes;
      this.#ramBytes += entry.bytes;
      this.#window.push(entry);
      entries.push(entry);
    }
    this.#onDiskFrom = Math.max(this.#onDiskFrom, scannedTo + 1);
    this.#moveUp();
    return entries;
  }

  /** Subtracts rows that are counted as rows on disk, but are missing or damaged. */
  lose(rows: number, bytes: number): void {
    this.#rowsOnDisk -= rows;
    this.#bytesOnDisk = this.#rowsOnDisk === 0 ? 0 : Math.max(0, this.#bytesOnDisk - bytes);
    this.#moveUp();
  }

  #moveUp(): void {
    while (this.#rowsOnDisk === 0 && this.#window.length < this.#windowMax) {
      const next = this.#tail.shift();
      if (next === undefined) return;
      this.#window.push(next);
    }
  }
}
