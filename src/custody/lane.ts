/**
 * The ordered queue of one subdevice in one direction, most of it on disk.
 *
 *     [ window: oldest, in RAM, may be sent ] [ spilled: on disk only ] [ behind: newest, in RAM until committed ]
 *
 * Invariants: seq rises from left to right; nothing joins the window past a spilled row; the window holds at most
 * `windowMax` entries; so memory does not grow with the backlog, and order is the order of admission. Whatever is behind moves
 * up as soon as nothing spilled is ahead and the window has room, written or not: so there is something behind only while
 * rows are spilled or the window is full, and a row that is wanted from disk is wanted from the moment it spills.
 */
import type { Entry } from './entry.ts';
import { canBeWithdrawn, loadedEntry } from './entry.ts';
import type { Row } from './row.ts';

export class Lane {
  readonly lane: number;
  readonly #windowMax: number;
  readonly #window: Entry[] = [];
  readonly #tail: Entry[] = [];
  #rowsOnDisk: number;
  #bytesOnDisk: number;
  /** Every spilled row has a seq ≥ this. */
  #onDiskFrom = 0;
  #ramBytes = 0;

  /** @param spilled what an opening store says is on disk; nothing of it is read here */
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

  /** Messages in custody here, wherever they are. */
  get pending(): number {
    return this.#window.length + this.#rowsOnDisk + this.#tail.length;
  }

  get pendingBytes(): number {
    return this.#ramBytes + this.#bytesOnDisk;
  }

  /** Nothing is ahead of the next message but what is already being sent from RAM. */
  get isOpenAtEnd(): boolean {
    return this.#rowsOnDisk === 0 && this.#tail.length === 0 && this.#window.length < this.#windowMax;
  }

  /** The lowest seq to read next, if the window has room and rows are waiting on disk. */
  get wantsFrom(): number | undefined {
    return this.#rowsOnDisk > 0 && this.#window.length <= this.#windowMax / 2 ? this.#onDiskFrom : undefined;
  }

  /** The newest entries of the window, as far as they are only held, oldest first. */
  heldAtEnd(): Entry[] {
    const window = this.#window;
    let from = window.length;
    while (window[from - 1]?.keeping === 'held') from -= 1;
    return window.slice(from);
  }

  /** May an entry that is in RAM only be taken back? Not if a younger one stays: it would come again, behind that. */
  canWithdraw(entry: Entry): boolean {
    const inWindow = this.#window.lastIndexOf(entry);
    if (inWindow < 0) return this.#tail.slice(this.#tail.lastIndexOf(entry)).every(canBeWithdrawn);
    return this.#window.slice(inWindow).every(canBeWithdrawn) && this.#tail.every(canBeWithdrawn);
  }

  /** @returns whether the entry joined the window; if not it is to be committed without delay, since it may wait long */
  add(entry: Entry): boolean {
    const joins = this.isOpenAtEnd;
    (joins ? this.#window : this.#tail).push(entry);
    this.#ramBytes += entry.bytes;
    return joins;
  }

  /** The entry's row is durable. Behind a backlog the entry leaves RAM. */
  stored(entry: Entry): void {
    const position = this.#tail.indexOf(entry);
    if (position < 0) return;
    this.#tail.splice(position, 1);
    if (this.#rowsOnDisk === 0) this.#onDiskFrom = entry.row.seq;
    this.#rowsOnDisk += 1;
    this.#bytesOnDisk += entry.bytes;
    this.#ramBytes -= entry.bytes;
  }

  /** Takes out an entry whose custody has ended. */
  remove(entry: Entry): void {
    const inWindow = this.#window.indexOf(entry);
    if (inWindow >= 0) this.#window.splice(inWindow, 1);
    else {
      const inBehind = this.#tail.indexOf(entry);
      if (inBehind < 0) return;
      this.#tail.splice(inBehind, 1);
    }
    this.#ramBytes -= entry.bytes;
    this.#moveUp();
  }

  /** Every row on disk below this `seq` has been read, or was never spilled. */
  get readTo(): number {
    return this.#onDiskFrom;
  }

  /** Rows read back, in order of seq; the next read starts behind `scannedTo`, or at the first row without room. */
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

  /** Rows that the books say are on disk and that are not there, or not whole. */
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
