/**
 * A custodian beside a simple model of what was promised to whom, driven step by step; every step ends in the checks.
 * A crash throws the custodian away and builds another from what the disk holds.
 */
import type { Custodian } from '../../src/custody/custodian.ts';
import type { Entry } from '../../src/custody/entry.ts';
import { AT_ONCE, BenchDisk, custodianOn, HELD, STAMP, uplink } from './custody-rig.ts';

export type Step =
  | { readonly kind: 'accept'; readonly lane: number; readonly isHeld: boolean }
  | { readonly kind: 'acknowledged' | 'shed'; readonly lane: number; readonly place: number }
  | { readonly kind: 'let go' | 'begin commit' | 'finish commit' | 'page' | 'crash' };

export const LANES = [1, 2, 3];
const WINDOW_MAX = 4;
/** Larger than any test takes numbers. */
const BLOCK = 1000;

interface Promised {
  readonly seq: number;
  readonly lane: number;
  isTold: boolean;
  /** It left custody: with the next hop, or shed. */
  hasEnded: boolean;
}

/** @param tellEarly the safety taken out: the receipt is given before the commit */
export class CustodyModel {
  readonly #tellEarly: boolean;
  readonly #disk = new BenchDisk();
  readonly #bySeq = new Map<number, Promised>();
  #custodian: Custodian;
  #lives = 0;

  constructor(tellEarly = false) {
    this.#tellEarly = tellEarly;
    this.#custodian = this.#open();
  }

  take(step: Step): void {
    switch (step.kind) {
      case 'accept':
        this.#accept(step.lane, step.isHeld);
        break;
      case 'acknowledged':
      case 'shed': {
        const { window } = this.#custodian.lane(step.lane);
        const entry = window[step.place % Math.max(1, window.length)];
        if (entry !== undefined) this.#end(entry, step.kind);
        break;
      }
      case 'let go':
        this.#disk.letGo();
        break;
      case 'begin commit':
        this.#disk.begin();
        break;
      case 'finish commit':
        for (const entry of this.#disk.finish()) if (!this.#tellEarly) this.#custodian.stored(entry);
        break;
      case 'page':
        this.#page();
        break;
      case 'crash':
        this.#custodian = this.#open();
        break;
    }
    this.#check();
  }

  /** Delivers everything that is left. @returns how many that were promised and never ended */
  drain(): number {
    for (let turn = 0; this.#custodian.pending > 0 && turn < 5000; turn += 1) {
      for (const kind of ['let go', 'begin commit', 'finish commit', 'page'] as const) this.take({ kind });
      for (const lane of LANES) this.take({ kind: 'acknowledged', lane, place: 0 });
    }
    return [...this.#bySeq.values()].filter(({ isTold, hasEnded }) => isTold && !hasEnded).length;
  }

  #open(): Custodian {
    this.#disk.held = [];
    this.#disk.gathered = [];
    this.#disk.riders = [];
    this.#disk.abort();
    this.#lives += 1;
    const safe = (entry: Entry): void => this.#told(entry);
    return custodianOn(this.#disk, { windowMax: WINDOW_MAX, nextSeq: this.#lives * BLOCK, safe });
  }

  #accept(lane: number, isHeld: boolean): void {
    const from = { stamp: STAMP, owed: 1, terms: isHeld ? HELD : AT_ONCE };
    const entry = this.#custodian.accept(lane, uplink(), from);
    const { seq } = entry.row;
    this.#bySeq.set(seq, { seq, lane, isTold: false, hasEnded: false });
    if (this.#tellEarly) this.#custodian.stored(entry);
  }

  #end(entry: Entry, how: 'acknowledged' | 'shed'): void {
    const promised = this.#bySeq.get(entry.row.seq);
    if (promised !== undefined) promised.hasEnded = true;
    this.#custodian.end(entry, how === 'shed' ? { as: 'shed', reason: 'overflow drop-oldest' } : { as: 'delivered' });
  }

  #page(): void {
    const wanted = this.#custodian.wanted();
    if (wanted.size > 0) this.#custodian.loaded(wanted, this.#disk.page(wanted, 3));
  }

  #told({ row }: Entry): void {
    const promised = this.#bySeq.get(row.seq);
    if (promised === undefined) throw new Error(`somebody was told of ${row.seq}, which was never accepted`);
    if (promised.isTold) throw new Error(`somebody was told twice of ${row.seq}`);
    if (!promised.hasEnded && !this.#disk.rows.has(row.seq)) throw new Error(`${row.seq} was told of and is nowhere`);
    promised.isTold = true;
  }

  #check(): void {
    if (this.#custodian.imbalance() !== 0) throw new Error(`the live books are off by ${this.#custodian.imbalance()}`);
    if (this.#disk.imbalance !== 0) throw new Error(`the durable books are off by ${this.#disk.imbalance}`);
    let pending = 0;
    let pendingBytes = 0;
    for (const lane of this.#custodian.lanes()) {
      const seqs = lane.window.map(({ row }) => row.seq);
      if (seqs.length > WINDOW_MAX) throw new Error(`${seqs.length} in a window of ${WINDOW_MAX}`);
      if (seqs.some((seq, place) => seq <= (seqs[place - 1] ?? 0))) throw new Error(`out of order: ${seqs}`);
      pending += lane.pending;
      pendingBytes += lane.pendingBytes;
    }
    if (pending !== this.#custodian.pending) throw new Error(`${this.#custodian.pending} pending, ${pending} in lanes`);
    if (pendingBytes !== this.#custodian.pendingBytes) throw new Error('bytes pending and bytes in lanes differ');
  }
}
