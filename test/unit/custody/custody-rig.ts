/** Custody rig: a group commit that commits on command, and its disk. */
import { chargedBytes, type Message } from '../../../src/base/message.ts';
import type { Stamp } from '../../../src/base/time.ts';
import { type Change, countsOf } from '../../../src/custody/change.ts';
import { Custodian, type CustodianOptions } from '../../../src/custody/custodian.ts';
import type { Durability } from '../../../src/custody/durability.ts';
import { type Entry, rowBegin } from '../../../src/custody/entry.ts';
import { addCounts, type Counts, imbalance, settledTotal, ZERO } from '../../../src/custody/ledger.ts';
import { coversTopic } from '../../../src/custody/operator-hold.ts';
import type { LaneBacklog, LaneCounts, LaneWants, Row, RowPage } from '../../../src/custody/row.ts';

export const STAMP: Stamp = { epoch: 1, upMs: 0 };
/** Wait limits of a message that is enqueued at once. */
export const AT_ONCE = { holdUntilMs: undefined, commitByMs: 0 };
/** Wait limits of a message that waits in RAM for the next hop. */
export const HELD = { holdUntilMs: 200, commitByMs: 100 };

export function uplink(topic = 't', bytes = 1): Message {
  return { topic, payload: new Uint8Array(bytes), qos: 1 };
}

export function rowOf(seq: number, lane = 1, topic = 't'): Row {
  return { seq, lane, topic, payload: new Uint8Array(1), qos: 1, stamp: STAMP };
}

/** Numbers of the entries, in order. */
export function seqsOf(entries: Iterable<{ readonly row: Row }>): number[] {
  return [...entries].map(({ row }) => row.seq);
}

export class BenchDisk implements Durability {
  readonly rows = new Map<number, Row>();
  /** Dead letters by number: number of the original message. */
  readonly letters = new Map<number, Row>();
  readonly ledgers = new Map<number, { counts: Counts; bytes: number }>();
  held: Entry[] = [];
  enqueued: Entry[] = [];
  lazyChanges: Change[] = [];
  #running: { readonly puts: readonly Entry[]; readonly changes: readonly Change[] } | undefined;

  hold(_direction: unknown, entry: Entry): void {
    this.held.push(entry);
  }

  enqueue(_direction: unknown, entry: Entry): void {
    entry.keeping = 'enqueued';
    this.enqueued.push(entry);
  }

  addLazy(change: Change): void {
    this.lazyChanges.push(change);
  }

  /** Ends the hold of all held messages. */
  flushHeld(): void {
    for (const entry of this.held.splice(0))
      if (entry.keeping === 'held' && entry.ended === undefined) this.enqueue('uplink', entry);
  }

  /** @returns false if a commit is running */
  begin(): boolean {
    if (this.#running !== undefined) return false;
    const puts = this.enqueued.splice(0).filter((entry) => entry.ended === undefined);
    for (const entry of puts) entry.keeping = 'committing';
    const changes = puts.flatMap((entry) => rowBegin('uplink', entry));
    this.#running = { puts, changes: [...changes, ...this.lazyChanges.splice(0)] };
    return true;
  }

  /** Cuts the power: the running commit has no effect. */
  abort(): void {
    this.#running = undefined;
  }

  /** Makes the running commit durable. @returns the entries whose receipt is due */
  finish(): readonly Entry[] {
    const { puts, changes } = this.#running ?? { puts: [], changes: [] };
    this.#running = undefined;
    for (const change of changes) this.#apply(change);
    return puts;
  }

  page(lanes: LaneWants, limit: number): RowPage {
    const from = Math.min(...[...lanes.values()].map((want) => want.from));
    const scanned = [...this.rows.values()]
      .filter((row) => row.seq >= from)
      .sort((left, right) => left.seq - right.seq);
    const rows: Row[] = [];
    const passed = new Map<number, { lane: number; rows: number; bytes: number; from: number }>();
    let scannedTo = from - 1;
    for (const row of scanned) {
      if (rows.length >= limit) break;
      scannedTo = row.seq;
      const want = lanes.get(row.lane);
      const taken = rows.filter(({ lane }) => lane === row.lane).length;
      if (want === undefined || row.seq < want.from || taken >= want.rows || want.skip?.has(row.seq)) continue;
      if (want.filters === undefined || !coversTopic(want.filters, row.topic)) {
        rows.push(row);
        continue;
      }
      const sum = passed.get(row.lane) ?? { lane: row.lane, rows: 0, bytes: 0, from: row.seq };
      passed.set(row.lane, { ...sum, rows: sum.rows + 1, bytes: sum.bytes + chargedBytes(row) });
    }
    return { rows, scannedTo, atEnd: rows.length < limit, damaged: [], passed: [...passed.values()] };
  }

  get counts(): LaneCounts[] {
    return [...this.ledgers].map(([lane, { counts }]) => ({ direction: 'uplink', lane, counts }));
  }

  get backlog(): LaneBacklog[] {
    return [...this.ledgers].flatMap(([lane, { counts, bytes }]) => {
      const rows = counts.accepted - settledTotal(counts);
      return rows > 0 ? [{ direction: 'uplink' as const, lane, rows, bytes }] : [];
    });
  }

  /** Imbalance of the durable ledger. */
  get imbalance(): number {
    let off = 0;
    for (const [lane, { counts }] of this.ledgers) {
      off += Math.abs(imbalance(counts, [...this.rows.values()].filter((row) => row.lane === lane).length));
    }
    return off;
  }

  #apply(change: Change): void {
    if (change.kind === 'put') this.rows.set(change.row.seq, change.row);
    else if (change.kind === 'removeDeadLetter' && !this.letters.delete(change.letter)) return;
    else if (change.kind === 'deadLetter' || change.kind === 'settle') {
      const row = this.rows.get(change.seq);
      if (row === undefined) return;
      this.rows.delete(change.seq);
      if (change.kind === 'deadLetter') this.letters.set(change.seq, row);
    }
    const delta = countsOf(change);
    if (delta === undefined) return;
    const { counts, bytes } = this.ledgers.get(delta.lane) ?? { counts: ZERO, bytes: 0 };
    this.ledgers.set(delta.lane, { counts: addCounts(counts, delta.counts), bytes: bytes + delta.bytes });
  }
}

/** Custodian on that disk, as an opening store would create it. */
export function custodianOn(disk: BenchDisk, options: Partial<CustodianOptions> = {}): Custodian {
  return new Custodian({
    direction: 'uplink',
    windowMax: 4,
    nextSeq: 1,
    backlog: disk.backlog,
    counts: disk.counts,
    durability: disk,
    ...options,
  });
}
