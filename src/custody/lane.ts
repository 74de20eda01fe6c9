/**
 * The ordered queue of one subdevice in one direction, most of it on disk.
 *
 *     [ window: oldest, in RAM, may be sent ] [ on disk only ] [ tail: newest, in RAM until committed ]
 *     [ parked: on disk only, passed over because of an operator hold ] [ parking: the same, not committed yet ]
 *
 * Invariants: seq rises from left to right. No entry joins the window past a row that is on disk only. The window holds
 * at most `windowMax` entries. So memory does not grow with the backlog, and the order is the order of admission. The
 * tail moves into the window as soon as no row is on disk only and the window has room. Entries move whether they are
 * committed or not. So the tail is not empty only while rows are on disk only or the window is full, and the lane wants
 * a row from disk from the moment the row has left RAM.
 *
 * A message that an operator hold covers is never in the window, unless it was in flight when the hold began. So it is
 * not sent, and it takes no room from other topics. After a release the lane reads its rows again from the first parked
 * one (`rewind`), without those that it has read before and not parked. Messages that were parked and are not committed
 * yet join the tail. There they may be older than messages that have left it: they stay in RAM until they join the
 * window, because a read from their place would find those younger rows again.
 */
import type { Entry } from './entry.ts';
import { canBeWithdrawn, loadedEntry } from './entry.ts';
import { coversTopic, EVERY_TOPIC } from './operator-hold.ts';
import { ParkedRows } from './parked-rows.ts';
import type { LaneWant, PassedRows, Row } from './row.ts';

/** Reason why a row cannot be dropped. */
export type NotDroppable = 'in flight' | 'not committed yet' | 'gone';

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
  /** Topic filters of the operator holds on this lane. */
  #filters: readonly string[] = [];
  /** Covered entries in RAM, until they are committed. */
  readonly #parking: Entry[] = [];
  readonly #parked = new ParkedRows();
  /** Numbers of messages that were sent and have left RAM since. Their next transmission is a DUP. */
  readonly #sentOnDisk = new Set<number>();
  /** Numbers below the present read position that must not be read again: they were read, and not parked. */
  readonly #readBefore = new Set<number>();
  /** Dropped rows whose deletion is not durable yet. */
  readonly #dropped = new Set<number>();
  #turn = 0;
  /** Highest seq that has joined the window. */
  #windowTo = 0;
  /** Highest seq of a row that was stored while it was not in the window. */
  #diskTo = 0;

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
    return this.#window.length + this.#rowsOnDisk + this.#tail.length + this.onHold;
  }

  get pendingBytes(): number {
    return this.#ramBytes + this.#bytesOnDisk + this.#parked.bytes;
  }

  /** Number of messages that an operator hold keeps from the next hop. Rows that were not read yet are not counted. */
  get onHold(): number {
    return this.#parking.length + this.#parked.rows;
  }

  /** Changes with every change that makes a page requested before it useless. */
  get turn(): number {
    return this.#turn;
  }

  /** True if an operator hold covers the topic. */
  isCovered(topic: string): boolean {
    return this.#filters.length > 0 && coversTopic(this.#filters, topic);
  }

  /** True if the next message would join the window: nothing is on disk or in the tail, and the window has room. */
  get isOpenAtEnd(): boolean {
    return this.#rowsOnDisk === 0 && this.#tail.length === 0 && this.#window.length < this.#windowMax;
  }

  /** Rows to read next. `undefined`: the window has no room, or no rows wait on disk. */
  get wants(): LaneWant | undefined {
    const rows = this.#windowMax - this.#window.length;
    if (this.#rowsOnDisk === 0 || rows <= 0) return undefined;
    // a message of the tail that was parked, and is not committed yet, comes before younger rows on disk
    if (this.#tail[0] !== undefined && this.#tail[0].row.seq < this.#diskTo) return undefined;
    const want = { from: this.#onDiskFrom, rows };
    if (this.#filters.length + this.#readBefore.size + this.#dropped.size === 0) return want;
    const skip = new Set([...this.#readBefore, ...this.#dropped]);
    return { ...want, filters: this.#filters, skip };
  }

  /** True if the window is at most half full: a page then has enough rows to be worth the read. */
  get isLow(): boolean {
    return this.#window.length <= this.#windowMax / 2;
  }

  /** Returns the entry of a message in RAM. */
  entryOf(seq: number): Entry | undefined {
    const isIt = ({ row }: Entry): boolean => row.seq === seq;
    return this.#window.find(isIt) ?? this.#tail.find(isIt) ?? this.#parking.find(isIt);
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
    const isYounger = (other: Entry): boolean => other.row.seq >= entry.row.seq;
    return [this.#window, this.#parking, this.#tail].every((part) => part.filter(isYounger).every(canBeWithdrawn));
  }

  /**
   * Adds an entry at the end. @returns true if the entry joined the window; false: the entry may wait for long, so it
   * must be committed without delay
   */
  add(entry: Entry): boolean {
    const isFirstAfterWindow = this.#rowsOnDisk === 0 && this.#tail.length === 0;
    const isParked = isFirstAfterWindow && this.isCovered(entry.row.topic);
    const joins = !isParked && this.isOpenAtEnd;
    if (joins) this.#join(entry);
    else (isParked ? this.#parking : this.#tail).push(entry);
    this.#ramBytes += entry.bytes;
    return joins;
  }

  /** Entries in RAM, in no particular order. */
  *inRam(): IterableIterator<Entry> {
    yield* this.#window;
    yield* this.#parking;
    yield* this.#tail;
  }

  /** Handles the receipt for an entry. An entry of the tail leaves RAM if it can be read in its place. */
  stored(entry: Entry): void {
    const parking = this.#parking.indexOf(entry);
    if (parking >= 0) {
      this.#parking.splice(parking, 1);
      this.#park(entry);
      return;
    }
    const readFrom = this.#rowsOnDisk === 0 ? this.#windowTo : this.#onDiskFrom;
    if (this.#tail.includes(entry) && entry.row.seq >= readFrom) this.#leaveRam(entry);
  }

  /** Removes an entry whose custody has ended. */
  remove(entry: Entry): void {
    const inWindow = this.#window.indexOf(entry);
    if (inWindow === 0) this.#window.shift();
    else if (inWindow > 0) this.#window.splice(inWindow, 1);
    else {
      const part = this.#tail.includes(entry) ? this.#tail : this.#parking;
      const position = part.indexOf(entry);
      if (position < 0) return;
      part.splice(position, 1);
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
   * @param scannedTo every row of this lane up to this seq is in `rows`, or was passed over
   * @param passed rows that were passed over because of an operator hold
   */
  load(rows: readonly Row[], scannedTo: number, passed?: PassedRows): Entry[] {
    const entries: Entry[] = [];
    if (passed !== undefined) {
      this.#rowsOnDisk -= passed.rows;
      this.#bytesOnDisk -= passed.bytes;
      this.#parked.add(passed);
    }
    for (const row of rows) {
      if (this.#window.length >= this.#windowMax) {
        this.#onDiskFrom = row.seq;
        return entries;
      }
      const entry = loadedEntry(row);
      entry.sentBefore = this.#sentOnDisk.delete(row.seq);
      this.#rowsOnDisk -= 1;
      this.#bytesOnDisk -= entry.bytes;
      this.#ramBytes += entry.bytes;
      this.#join(entry);
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

  /**
   * Sets the topic filters of the operator holds, and parks the messages of the window that they cover. Messages in
   * flight stay in the window. Rows that an earlier hold has parked stay parked until `rewind`.
   * @returns the entries that are in RAM only and must be committed now, oldest first
   */
  setFilters(filters: readonly string[]): Entry[] {
    this.#filters = filters;
    this.#turn += 1;
    if (filters.includes(EVERY_TOPIC) && this.#rowsOnDisk > 0) {
      this.#parked.add({ rows: this.#rowsOnDisk, bytes: this.#bytesOnDisk, from: this.#onDiskFrom });
      this.#rowsOnDisk = 0;
      this.#bytesOnDisk = 0;
      this.#readBefore.clear();
    }
    return this.parkWindow();
  }

  /** Parks the messages of the window that an operator hold covers. @returns as `setFilters` */
  parkWindow(): Entry[] {
    if (this.#filters.length === 0) return [];
    const covered = this.#window.filter(({ inFlight, row }) => !inFlight && this.isCovered(row.topic));
    const exposed = covered.length === 0 ? [] : this.#window.filter(({ keeping }) => keeping === 'held');
    for (const entry of covered) {
      this.#window.splice(this.#window.indexOf(entry), 1);
      if (entry.keeping === 'stored') this.#park(entry);
      else this.#parking.push(entry);
    }
    if (covered.length > 0) this.#turn += 1;
    this.#moveUp();
    return exposed;
  }

  /**
   * Makes parked rows readable again, after the holds have changed.
   * @param ended numbers of messages whose custody has ended, and whose rows may still be on disk
   */
  rewind(ended: Iterable<number>): void {
    if (this.#filters.includes(EVERY_TOPIC) || this.onHold === 0) return;
    this.#turn += 1;
    const { rows, bytes, from } = this.#parked.take();
    if (rows > 0) {
      // entries of the window that are not stored yet will be on disk when the lane reads there
      for (const seq of ended) this.#readBefore.add(seq);
      for (const { row } of this.#window) this.#readBefore.add(row.seq);
      this.#onDiskFrom = this.#rowsOnDisk === 0 ? from : Math.min(from, this.#onDiskFrom);
      this.#rowsOnDisk += rows;
      this.#bytesOnDisk += bytes;
      const isRead = ({ keeping, row }: Entry): boolean => keeping === 'stored' && row.seq >= this.#onDiskFrom;
      for (const entry of this.#tail.filter(isRead)) this.#leaveRam(entry);
    }
    this.#tail.push(...this.#parking.splice(0));
    this.#tail.sort((left, right) => left.row.seq - right.row.seq);
    this.#moveUp();
  }

  /** Reason why a row on disk cannot be dropped now. `undefined`: it can be. */
  undroppable(seq: number): NotDroppable | undefined {
    const isRow = ({ row }: Entry): boolean => row.seq === seq;
    const entry = this.#window.find(isRow);
    if (entry !== undefined) {
      if (entry.inFlight) return 'in flight';
      return entry.keeping === 'stored' ? undefined : 'not committed yet';
    }
    if (this.#tail.some(isRow) || this.#parking.some(isRow)) return 'not committed yet';
    if (this.#dropped.has(seq) || this.#readBefore.has(seq)) return 'gone';
    return this.#isUnread(seq) || this.#parked.rows > 0 ? undefined : 'gone';
  }

  /** Removes a droppable row. Its deletion must be made durable, and then reported to `deleted`. */
  drop(seq: number, bytes: number): void {
    const inWindow = this.#window.findIndex(({ row }) => row.seq === seq);
    if (inWindow >= 0) {
      this.#window.splice(inWindow, 1);
      this.#ramBytes -= bytes;
    } else if (this.#isUnread(seq)) {
      this.#rowsOnDisk -= 1;
      this.#bytesOnDisk -= bytes;
    } else this.#parked.remove(bytes);
    this.#dropped.add(seq);
    this.#sentOnDisk.delete(seq);
    this.#turn += 1;
    this.#moveUp();
  }

  /** Called when the deletion of a dropped row is durable. */
  deleted(seq: number): void {
    this.#dropped.delete(seq);
  }

  #isUnread(seq: number): boolean {
    return this.#rowsOnDisk > 0 && seq >= this.#onDiskFrom;
  }

  /** Removes a stored entry of the tail, which the lane will read from the disk. */
  #leaveRam(entry: Entry): void {
    this.#tail.splice(this.#tail.indexOf(entry), 1);
    if (entry.sentBefore) this.#sentOnDisk.add(entry.row.seq);
    this.#readBefore.delete(entry.row.seq);
    if (this.#rowsOnDisk === 0) this.#onDiskFrom = entry.row.seq;
    this.#diskTo = Math.max(this.#diskTo, entry.row.seq);
    this.#rowsOnDisk += 1;
    this.#bytesOnDisk += entry.bytes;
    this.#ramBytes -= entry.bytes;
  }

  #join(entry: Entry): void {
    this.#window.push(entry);
    this.#windowTo = Math.max(this.#windowTo, entry.row.seq);
  }

  #park(entry: Entry): void {
    if (entry.sentBefore) this.#sentOnDisk.add(entry.row.seq);
    this.#ramBytes -= entry.bytes;
    this.#diskTo = Math.max(this.#diskTo, entry.row.seq);
    this.#readBefore.delete(entry.row.seq);
    if (this.#isUnread(entry.row.seq)) {
      // after `rewind`, the lane will read the row and pass it over
      this.#rowsOnDisk += 1;
      this.#bytesOnDisk += entry.bytes;
    } else this.#parked.add({ rows: 1, bytes: entry.bytes, from: entry.row.seq });
  }

  #moveUp(): void {
    for (;;) {
      if (this.#rowsOnDisk === 0) this.#readBefore.clear();
      const [next] = this.#tail;
      if (next === undefined || (this.#rowsOnDisk > 0 && next.row.seq >= this.#onDiskFrom)) return;
      const isParked = this.isCovered(next.row.topic);
      if (!isParked && this.#window.length >= this.#windowMax) return;
      this.#tail.shift();
      if (this.#rowsOnDisk > 0) this.#turn += 1; // a page that was requested before has rows for this place
      if (!isParked) this.#join(next);
      else if (next.keeping === 'stored') this.#park(next);
      else this.#parking.push(next);
    }
  }
}
