/**
 * Custodian together with a simple model of the acknowledged messages, driven step by step. Every step ends with the
 * checks. A crash discards the custodian and builds another one from the disk.
 */
import type { Custodian } from '../../../src/custody/custodian.ts';
import type { Entry } from '../../../src/custody/entry.ts';
import { AT_ONCE, BenchDisk, custodianOn, HELD, STAMP, uplink } from './custody-rig.ts';

export type Step =
  | { readonly kind: 'accept'; readonly lane: number; readonly isHeld: boolean }
  | { readonly kind: 'acknowledged' | 'shed' | 'dead-lettered'; readonly lane: number; readonly place: number }
  | { readonly kind: 'retry' | 'drop'; readonly lane: number; readonly place: number }
  | { readonly kind: 'flush held' | 'begin commit' | 'finish commit' | 'page' | 'crash' };

export const LANES = [1, 2, 3];
const ENDS = {
  acknowledged: { as: 'delivered' },
  shed: { as: 'shed', reason: 'overflow drop-oldest' },
  'dead-lettered': { as: 'dead', reason: 'no PUBACK' },
} as const;
const WINDOW_MAX = 4;
/** Larger than any message number of a test. */
const BLOCK = 1000;

interface Promised {
  readonly seq: number;
  readonly lane: number;
  isAcknowledged: boolean;
  /** Numbers of messages that left custody: delivered to the next hop, or shed. */
  hasEnded: boolean;
}

/** The removed safety: the receipt is given before the commit, or a letter is taken before its row is written. */
export type Flaw = 'acknowledges early' | 'takes letters early';

export class CustodyModel {
  readonly #flaw: Flaw | undefined;
  readonly #disk = new BenchDisk();
  readonly #bySeq = new Map<number, Promised>();
  #custodian: Custodian;
  #lives = 0;
  /** Letters that a command of this process has taken. */
  readonly #ordered = new Set<number>();
  /** Letter → number under which it was enqueued again. */
  readonly #retried = new Map<number, number>();

  constructor(flaw?: Flaw) {
    this.#flaw = flaw;
    this.#custodian = this.#open();
  }

  take(step: Step): void {
    switch (step.kind) {
      case 'accept':
        this.#accept(step.lane, step.isHeld);
        break;
      case 'acknowledged':
      case 'shed':
      case 'dead-lettered': {
        const { window } = this.#custodian.lane(step.lane);
        const entry = window[step.place % Math.max(1, window.length)];
        if (entry !== undefined) this.#end(entry, step.kind);
        break;
      }
      case 'retry':
      case 'drop':
        this.#takeLetter(step);
        break;
      case 'flush held':
        this.#disk.flushHeld();
        break;
      case 'begin commit':
        this.#disk.begin();
        break;
      case 'finish commit':
        for (const entry of this.#disk.finish()) if (this.#flaw !== 'acknowledges early') this.#custodian.stored(entry);
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

  /** Delivers everything that is left. @returns number of acknowledged messages that never ended */
  drain(): number {
    for (let turn = 0; this.#custodian.pending > 0 && turn < 5000; turn += 1) {
      for (const kind of ['flush held', 'begin commit', 'finish commit', 'page'] as const) this.take({ kind });
      for (const lane of LANES) this.take({ kind: 'acknowledged', lane, place: 0 });
    }
    const isMissing = ({ seq, isAcknowledged }: Promised): boolean =>
      isAcknowledged && !this.#hasEnded(seq) && !this.#disk.letters.has(seq);
    return [...this.#bySeq.values()].filter(isMissing).length;
  }

  #open(): Custodian {
    this.#disk.held = [];
    this.#disk.enqueued = [];
    this.#disk.lazyChanges = [];
    this.#disk.abort();
    this.#lives += 1;
    this.#ordered.clear();
    return custodianOn(this.#disk, { windowMax: WINDOW_MAX, nextSeq: this.#lives * BLOCK });
  }

  #accept(lane: number, isHeld: boolean): void {
    let accepted: Entry | undefined;
    const ackWaiter = { safe: () => this.#acknowledged(accepted) };
    const from = { stamp: STAMP, ackWaiter, waitLimits: isHeld ? HELD : AT_ONCE };
    const entry = this.#custodian.accept(lane, uplink(), from);
    accepted = entry;
    const { seq } = entry.row;
    this.#bySeq.set(seq, { seq, lane, isAcknowledged: false, hasEnded: false });
    if (this.#flaw === 'acknowledges early') this.#custodian.stored(entry);
  }

  #end(entry: Entry, how: keyof typeof ENDS): void {
    if (how === 'dead-lettered' && entry.keeping !== 'stored') return;
    const promised = this.#bySeq.get(entry.row.seq);
    if (promised !== undefined) promised.hasEnded = how !== 'dead-lettered';
    this.#custodian.end(entry, ENDS[how]);
  }

  /** Enqueues the letter by command of an operator into the given lane, which can differ from its original lane. */
  #takeLetter({
    kind,
    lane,
    place,
  }: {
    readonly kind: 'retry' | 'drop';
    readonly lane: number;
    readonly place: number;
  }): void {
    const letters = [...this.#disk.letters].filter(([id]) => !this.#ordered.has(id));
    const [id, row] = letters[place % Math.max(1, letters.length)] ?? [];
    if (id === undefined || row === undefined) return;
    this.#ordered.add(id);
    const letter = { id, lane: row.lane };
    const promised = this.#bySeq.get(id);
    if (promised !== undefined && kind === 'drop') promised.hasEnded = true;
    if (kind === 'drop') return this.#disk.addLazy(this.#custodian.drop(letter));
    if (this.#flaw === 'takes letters early') this.#disk.letters.delete(id);
    const entry = this.#custodian.accept(lane, uplink(), {
      stamp: STAMP,
      ackWaiter: undefined,
      waitLimits: AT_ONCE,
      letter,
    });
    this.#bySeq.set(entry.row.seq, { seq: entry.row.seq, lane, isAcknowledged: false, hasEnded: false });
    this.#retried.set(id, entry.row.seq);
  }

  /** Number under which the letter was enqueued again, if it was. */
  #hasEnded(seq: number): boolean {
    const again = this.#retried.get(seq);
    return this.#bySeq.get(seq)?.hasEnded === true || (again !== undefined && this.#hasEnded(again));
  }

  #isOnDisk(seq: number): boolean {
    const again = this.#retried.get(seq);
    const { rows, letters } = this.#disk;
    return rows.has(seq) || letters.has(seq) || (again !== undefined && this.#isOnDisk(again));
  }

  #page(): void {
    const wanted = this.#custodian.wanted();
    if (wanted.size > 0) this.#custodian.loaded(wanted, this.#disk.page(wanted, 3));
  }

  #acknowledged(entry: Entry | undefined): void {
    if (entry === undefined) throw new Error('the sender was acknowledged before its message was accepted');
    const { row } = entry;
    const promised = this.#bySeq.get(row.seq);
    if (promised === undefined) throw new Error(`${row.seq} was acknowledged but never accepted`);
    if (promised.isAcknowledged) throw new Error(`${row.seq} was acknowledged twice`);
    if (!promised.hasEnded && !this.#disk.rows.has(row.seq))
      throw new Error(`${row.seq} was acknowledged and is nowhere`);
    promised.isAcknowledged = true;
  }

  #check(): void {
    if (this.#custodian.imbalance() !== 0)
      throw new Error(`the live ledger has an imbalance of ${this.#custodian.imbalance()}`);
    if (this.#disk.imbalance !== 0) throw new Error(`the durable ledger has an imbalance of ${this.#disk.imbalance}`);
    for (const { seq, isAcknowledged } of this.#bySeq.values())
      if (isAcknowledged && !this.#hasEnded(seq) && !this.#isOnDisk(seq))
        throw new Error(`${seq} was acknowledged and is nowhere`);
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
