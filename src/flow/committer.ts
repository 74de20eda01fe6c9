/**
 * Group commit: while one commit runs, changes gather; the next takes them all.
 *
 * An entry waits for its acknowledgement in `held` (RAM, nobody told), for company in the gathering, and for fsync in the
 * running commit. Riders (deletes of delivered rows, counters) make no commit of their own while there is little of them.
 * Receipts are handled in the order of the commits; only then is anybody told. Origin of the times: durability §3.
 */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { Durability } from '../custody/durability.ts';
import type { Entry } from '../custody/entry.ts';
import type { Clock, Store } from '../ports.ts';
import { Alarm } from './alarm.ts';
import { Company } from './company.ts';
import { HoldQueue } from './hold-queue.ts';
import type { Mailbox } from './mailbox.ts';
import { Riders } from './riders.ts';

/** With so many gathered a commit starts at once (design §1). */
const COMPANY = 32;
/** Pause between two frames of one subdevice at 115200 baud: 32 B of payload take 4 ms. */
const QUIET_MS = 5;
const NEVER = Number.POSITIVE_INFINITY;
/** Bound of one transaction, so that a receipt never waits long behind a burst. */
const BATCH_CHANGES_MAX = 4096;
/** A full disk is tried again at this pace. */
const FULL_RETRY_MS = 1000;

export interface CommitterOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** A put is durable: custody tells whoever waits. */
  readonly stored: (direction: Direction, entry: Entry) => void;
  readonly fullChanged: (isFull: boolean) => void;
}

interface Gathered {
  readonly direction: Direction;
  readonly entry: Entry;
}

interface Required {
  readonly changes: readonly Change[];
  readonly then: () => void;
}

interface Commit {
  readonly batch: number;
  readonly changes: readonly Change[];
  readonly puts: readonly Gathered[];
  readonly required: readonly Required[];
}

export class Committer implements Durability {
  readonly #options: CommitterOptions;
  readonly #alarm: Alarm;
  readonly #held = new HoldQueue();
  readonly #riders = new Riders();
  readonly #company = new Company();
  #store: Store | undefined;
  #gathered: Gathered[] = [];
  #required: Required[] = [];
  #dueAtMs: number | undefined;
  /** When the commit leaves early, because nobody is left to come. */
  #quietAtMs: number | undefined;
  #running: Commit | undefined;
  #retryAtMs: number | undefined;
  #batch = 0;
  #drained: (() => void) | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.mailbox, () => this.#advance());
  }

  /** Before this nothing is written; the store's listener must be wired to `committed` and `full`. */
  attach(store: Store): void {
    this.#store = store;
    this.#advance();
  }

  /** The disk is full: nothing is written until there is room. */
  get isFull(): boolean {
    return this.#retryAtMs !== undefined;
  }

  get commits(): number {
    return this.#batch;
  }

  hold(direction: Direction, entry: Entry, untilMs: number): void {
    this.#held.add(direction, entry, untilMs);
    this.#setAlarm();
  }

  gather(direction: Direction, entry: Entry, byMs: number): void {
    entry.keeping = 'gathering';
    this.#gathered.push({ direction, entry });
    if (entry.owed !== undefined) this.#welcome(`${direction} ${entry.row.lane}`);
    this.#due(byMs);
  }

  ride(change: Change): void {
    this.#riders.add(change, this.#options.clock.nowMs());
    if (this.#riders.areMany) this.#advance();
    else this.#setAlarm();
  }

  /** Makes changes durable together; `then` runs after the receipt. */
  require(changes: readonly Change[], byMs: number, then: () => void): void {
    this.#required.push({ changes, then });
    this.#due(byMs);
  }

  /** The next hop of a direction is gone: what was held for it goes to disk. */
  letGo(direction: Direction, byMs: number): void {
    for (const entry of this.#held.takeAll(direction)) this.gather(direction, entry, byMs);
  }

  /** Resolves when everything known now, riders too, is durable; on a full disk at once: nobody was told of the rest. */
  drain(): Promise<void> {
    for (const direction of ['uplink', 'downlink'] as const) this.letGo(direction, this.#options.clock.nowMs());
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#advance();
      if (this.isFull) resolve();
    });
  }

  /** The store's receipt. */
  committed(batch: number): void {
    const commit = this.#running;
    if (commit?.batch !== batch) throw new Error(`receipt for commit ${batch}, but ${commit?.batch ?? 'none'} runs`);
    this.#running = undefined;
    if (this.#retryAtMs !== undefined) {
      this.#retryAtMs = undefined;
      this.#options.fullChanged(false);
    }
    for (const { direction, entry } of commit.puts) this.#options.stored(direction, entry);
    for (const { then } of commit.required) then();
    // what gathered meanwhile has had company enough
    if (this.#gathered.length + this.#required.length > 0) this.#dueAtMs = this.#options.clock.nowMs();
    this.#advance();
  }

  /** Nothing of the batch was written; it is tried again until there is room. */
  full(batch: number): void {
    if (this.#running?.batch !== batch) throw new Error(`disk full for commit ${batch}, which does not run`);
    if (this.#retryAtMs === undefined) this.#options.fullChanged(true);
    this.#retryAtMs = this.#options.clock.nowMs() + FULL_RETRY_MS;
    this.#drained?.();
    this.#setAlarm();
  }

  #welcome(who: string): void {
    const nowMs = this.#options.clock.nowMs();
    this.#company.join(who, nowMs);
    this.#quietAtMs = this.#company.isComplete(nowMs) ? nowMs + QUIET_MS : undefined;
  }

  #due(byMs: number): void {
    this.#dueAtMs = this.#dueAtMs === undefined ? byMs : Math.min(this.#dueAtMs, byMs);
    if (this.#gathered.length + this.#required.length >= COMPANY) this.#dueAtMs = this.#options.clock.nowMs();
    // a commit of its own task: whoever gathers in this very task still gets on it
    this.#options.mailbox.post(() => this.#advance());
  }

  #advance(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { direction, entry } of this.#held.takeDue(nowMs)) this.#gatherHeld(direction, entry, nowMs);
    if (this.#running !== undefined) {
      if (this.#retryAtMs !== undefined && nowMs >= this.#retryAtMs) this.#retry(this.#running);
    } else if (this.#mustCommit(nowMs)) this.#commit();
    else if (this.#drained !== undefined && this.#riders.isEmpty) this.#drained();
    this.#setAlarm();
  }

  #gatherHeld(direction: Direction, entry: Entry, nowMs: number): void {
    entry.keeping = 'gathering';
    this.#gathered.push({ direction, entry });
    this.#dueAtMs = nowMs;
  }

  #mustCommit(nowMs: number): boolean {
    if (this.#store === undefined) return false;
    if (nowMs >= Math.min(this.#dueAtMs ?? NEVER, this.#quietAtMs ?? NEVER)) return true;
    if (this.#drained !== undefined) return this.#dueAtMs !== undefined || !this.#riders.isEmpty;
    return this.#riders.areDue(nowMs);
  }

  #commit(): void {
    const puts: Gathered[] = [];
    const changes: Change[] = [];
    const candidates = this.#gathered.splice(0, BATCH_CHANGES_MAX);
    for (const gathered of candidates) {
      if (gathered.entry.ended !== undefined) continue; // acknowledged before it was written: nothing to keep
      gathered.entry.keeping = 'committing';
      puts.push(gathered);
      changes.push({ kind: 'put', direction: gathered.direction, row: gathered.entry.row });
    }
    const required = this.#required;
    this.#required = [];
    this.#quietAtMs = undefined;
    this.#company.leave();
    for (const one of required) changes.push(...one.changes);
    changes.push(...this.#riders.take(BATCH_CHANGES_MAX));
    this.#dueAtMs = this.#gathered.length > 0 ? this.#options.clock.nowMs() : undefined;
    if (changes.length === 0) {
      for (const { then } of required) then();
      return this.#advance();
    }
    this.#batch += 1;
    this.#running = { batch: this.#batch, changes, puts, required };
    this.#store?.commit(this.#batch, changes);
  }

  #retry(commit: Commit): void {
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    this.#store?.commit(commit.batch, commit.changes);
  }

  #setAlarm(): void {
    const times = [this.#held.nextMs, this.#retryAtMs];
    if (this.#running === undefined) times.push(this.#dueAtMs, this.#quietAtMs, this.#riders.dueAtMs);
    const soonest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    this.#alarm.set(Number.isFinite(soonest) ? soonest : undefined);
  }
}
