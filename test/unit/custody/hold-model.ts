/**
 * Custodian with operator holds and drops, driven step by step beside a simple model. Every step ends with the checks: no
 * covered message is sent, each topic keeps its order, no message is delivered and dropped, and the ledger balances.
 */
import type { Custodian } from '../../../src/custody/custodian.ts';
import type { Entry } from '../../../src/custody/entry.ts';
import { coversTopic, EVERY_SUBDEVICE, type OperatorHold } from '../../../src/custody/operator-hold.ts';
import { AT_ONCE, BenchDisk, custodianOn, HELD, STAMP, uplink } from './custody-rig.ts';

export type HoldStep =
  | { readonly kind: 'accept'; readonly lane: number; readonly topic: string; readonly isHeld: boolean }
  | { readonly kind: 'send' | 'acknowledged' | 'returned'; readonly lane: number }
  | { readonly kind: 'hold' | 'release'; readonly lane: number; readonly filter: string }
  | { readonly kind: 'drop'; readonly place: number }
  | { readonly kind: 'flush held' | 'begin commit' | 'finish commit' | 'page' | 'crash' };

export const HOLD_LANES = [1, 2];
const WINDOW_MAX = 4;
const BLOCK = 1000;

/** The removed safety. */
export type HoldFlaw =
  | 'sends held messages'
  | 'reads ended rows again'
  | 'forgets parked rows'
  | 'drops what is in flight';

interface Waiting {
  readonly act: () => void;
  isInCommit: boolean;
}

export class HoldModel {
  readonly #flaw: HoldFlaw | undefined;
  readonly #disk = new BenchDisk();
  #custodian: Custodian;
  #lives = 0;
  #holds: OperatorHold[] = [];
  /** Ends of this life. */
  #ends: ReadonlySet<number> = new Set();
  #waiting: Waiting[] = [];
  readonly #acknowledged = new Set<number>();
  readonly #delivered = new Set<number>();
  readonly #dropped = new Set<number>();
  /** Lane and topic → highest number sent in this life. */
  #sentTo = new Map<string, number>();

  constructor(flaw?: HoldFlaw) {
    this.#flaw = flaw;
    this.#custodian = this.#open();
  }

  take(step: HoldStep): void {
    switch (step.kind) {
      case 'accept':
        this.#accept(step);
        break;
      case 'send':
        this.#send(step.lane);
        break;
      case 'acknowledged': {
        const entry = this.#custodian.lane(step.lane).window.find(({ inFlight }) => inFlight);
        if (entry === undefined) break;
        this.#delivered.add(entry.row.seq);
        this.#custodian.end(entry, { as: 'delivered' });
        break;
      }
      case 'returned': {
        const entry = this.#custodian.lane(step.lane).window.find(({ inFlight }) => inFlight);
        if (entry !== undefined) this.#return(entry);
        break;
      }
      case 'hold':
        this.#hold(step.lane, step.filter);
        break;
      case 'release':
        this.#release((hold) => hold.subdevice === step.lane && hold.filter === step.filter);
        break;
      case 'drop':
        this.#drop(step.place);
        break;
      case 'flush held':
        this.#disk.flushHeld();
        break;
      case 'begin commit':
        if (this.#disk.begin()) for (const one of this.#waiting) one.isInCommit = true;
        break;
      case 'finish commit':
        for (const entry of this.#disk.finish()) this.#custodian.stored(entry);
        for (const one of this.#waiting.filter(({ isInCommit }) => isInCommit)) one.act();
        this.#waiting = this.#waiting.filter(({ isInCommit }) => !isInCommit);
        break;
      case 'page': {
        const wanted = this.#custodian.wanted();
        if (wanted.size > 0) this.#custodian.loaded(wanted, this.#disk.page(wanted, 3));
        break;
      }
      case 'crash':
        this.#custodian = this.#open();
        break;
    }
    this.#check();
  }

  /** Ends all holds and delivers everything. @returns number of acknowledged messages that never ended */
  drain(): number {
    this.#release(() => true);
    for (let turn = 0; this.#custodian.pending > 0 && turn < 3000; turn += 1) {
      for (const kind of ['flush held', 'begin commit', 'finish commit', 'page'] as const) this.take({ kind });
      for (const lane of HOLD_LANES) for (const kind of ['send', 'acknowledged'] as const) this.take({ kind, lane });
    }
    return [...this.#acknowledged].filter((seq) => !this.#delivered.has(seq) && !this.#dropped.has(seq)).length;
  }

  #open(): Custodian {
    Object.assign(this.#disk, { held: [], enqueued: [], lazyChanges: [] });
    this.#disk.abort();
    this.#lives += 1;
    this.#waiting = [];
    this.#sentTo = new Map();
    // a message may be delivered again after a crash, and its drop may not have been durable
    for (const seq of this.#disk.rows.keys()) {
      this.#dropped.delete(seq);
      this.#delivered.delete(seq);
    }
    const options = { windowMax: WINDOW_MAX, nextSeq: this.#lives * BLOCK, holds: this.#holds };
    const custodian = custodianOn(this.#disk, options);
    this.#ends = custodian.trackEnds();
    return custodian;
  }

  #accept({ lane, topic, isHeld }: Extract<HoldStep, { kind: 'accept' }>): void {
    let seq = 0;
    const ackWaiter = { safe: () => this.#acknowledged.add(seq) };
    const waitLimits = isHeld ? HELD : AT_ONCE;
    const entry = this.#custodian.accept(lane, uplink(topic), { stamp: STAMP, ackWaiter, waitLimits });
    seq = entry.row.seq;
  }

  #send(lane: number): void {
    const entry = this.#custodian.lane(lane).window.find(({ inFlight }) => !inFlight);
    if (entry === undefined) return;
    const { topic, seq } = entry.row;
    if (this.#isCovered(lane, topic)) throw new Error(`${seq} was sent while on hold`);
    const key = `${lane} ${topic}`;
    if (seq < (this.#sentTo.get(key) ?? 0)) throw new Error(`${seq} was sent after ${this.#sentTo.get(key)}`);
    this.#sentTo.set(key, seq);
    entry.inFlight = true;
  }

  /** Ends the attempt to deliver the newest message in flight of its topic, as a lost subdevice does. */
  #return(first: Entry): void {
    const { window, lane } = this.#custodian.lane(first.row.lane);
    const again = window.filter(({ inFlight, row }) => inFlight && row.topic === first.row.topic);
    for (const entry of again) entry.inFlight = false;
    this.#sentTo.delete(`${lane} ${first.row.topic}`);
    this.#custodian.parkWindow(lane, 0);
  }

  #hold(lane: number, filter: string): void {
    if (this.#holds.some((hold) => hold.subdevice === lane && hold.filter === filter)) return;
    this.#holds = [...this.#holds, { direction: 'uplink', subdevice: lane, filter, since: STAMP }];
    if (this.#flaw !== 'sends held messages') this.#custodian.setHolds(this.#holds, 0);
  }

  #release(isEnded: (hold: OperatorHold) => boolean): void {
    const custodian = this.#custodian;
    const track = custodian.trackEnds();
    const act = (): void => {
      custodian.untrackEnds(track);
      this.#holds = this.#holds.filter((hold) => !isEnded(hold));
      if (this.#flaw === 'sends held messages') return;
      custodian.setHolds(this.#holds, 0);
      if (this.#flaw === 'forgets parked rows') return;
      custodian.rewind(this.#flaw === 'reads ended rows again' ? new Set() : track);
    };
    this.#waiting.push({ act, isInCommit: false });
  }

  #drop(place: number): void {
    const custodian = this.#custodian;
    const rows = [...this.#disk.rows.values()].filter(({ seq }) => !this.#ends.has(seq));
    const row = rows[place % Math.max(1, rows.length)];
    if (row === undefined) return;
    const lane = custodian.lane(row.lane);
    const inFlight = lane.window.find((entry) => entry.row.seq === row.seq && entry.inFlight);
    if (this.#flaw === 'drops what is in flight' && inFlight !== undefined) {
      inFlight.inFlight = false;
      this.#delivered.add(row.seq);
    }
    if (lane.undroppable(row.seq) !== undefined) return;
    this.#dropped.add(row.seq);
    this.#disk.addLazy(custodian.dropRow(row));
    this.#waiting.push({ act: () => lane.deleted(row.seq), isInCommit: false });
  }

  #isCovered(lane: number, topic: string): boolean {
    const own = this.#holds.filter(({ subdevice }) => subdevice === lane || subdevice === EVERY_SUBDEVICE);
    return coversTopic(
      own.map(({ filter }) => filter),
      topic,
    );
  }

  #check(): void {
    if (this.#custodian.imbalance() !== 0) throw new Error(`the live ledger is off by ${this.#custodian.imbalance()}`);
    if (this.#disk.imbalance !== 0) throw new Error(`the durable ledger is off by ${this.#disk.imbalance}`);
    for (const seq of this.#dropped) if (this.#delivered.has(seq)) throw new Error(`${seq} was delivered and dropped`);
    let pending = 0;
    let pendingBytes = 0;
    for (const lane of this.#custodian.lanes()) {
      if (lane.window.length > WINDOW_MAX) throw new Error(`${lane.window.length} in a window of ${WINDOW_MAX}`);
      if (lane.onHold < 0 || lane.rowsOnDisk < 0) throw new Error('a negative number of rows');
      const seqs = lane.window.map(({ row }) => row.seq);
      if (new Set(seqs).size < seqs.length) throw new Error(`twice in a window: ${seqs}`);
      pending += lane.pending;
      pendingBytes += lane.pendingBytes;
    }
    if (pending !== this.#custodian.pending) throw new Error(`${this.#custodian.pending} pending, ${pending} in lanes`);
    if (pendingBytes !== this.#custodian.pendingBytes) throw new Error('bytes pending and bytes in lanes differ');
  }
}
