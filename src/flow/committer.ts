/**
 * Group commit: while one commit runs, changes gather; the next takes them all.
 *
 * An entry waits for its acknowledgement in `held` (RAM, nobody told), for company in the gathering, and for fsync in the
 * running commit. Riders (deletes of delivered rows, counters) make no commit of their own while there is little of them.
 * Receipts are handled in the order of the commits; only then is anybody told. Origin of the times: durability §3.
 *
 * On a full disk a commit is taken apart. Messages go back to the gathering and are tried again each second, alone; riders
 * and required changes make commits of their own meanwhile, small enough for the room that the store keeps for them.
 */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { Durability } from '../custody/durability.ts';
import { type Entry, rowBegin } from '../custody/entry.ts';
import type { Clock, Store } from '../ports.ts';
import { Alarm } from './alarm.ts';
import type { Commit, Gathered, Load, Required } from './commit.ts';
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
/** Deletes of one commit on a full disk: some 60 leaves of rows, a fraction of the store's reserve. */
const RELIEF_CHANGES_MAX = 256;

export interface CommitterOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** A put is durable: custody tells whoever waits. */
  readonly stored: (direction: Direction, entry: Entry) => void;
  /** There is no room for it now. @returns whether it goes on waiting for some */
  readonly unstored: (direction: Direction, entry: Entry) => boolean;
  readonly fullChanged: (isFull: boolean) => void;
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
  #fullSinceMs: number | undefined;
  /** On a full disk: when messages are tried again, and from when on the others are. */
  #retryAtMs = 0;
  #reliefAtMs = 0;
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

  /** Since when the disk is full: no message is written until there is room. */
  get fullSinceMs(): number | undefined {
    return this.#fullSinceMs;
  }

  /** Whoever makes riders had better wait. */
  get isOverloaded(): boolean {
    return this.#riders.areTooMany;
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

  /** Resolves when everything known now, riders too, is durable, as far as there is room: nobody was told of the rest. */
  drain(): Promise<void> {
    for (const direction of ['uplink', 'downlink'] as const) this.letGo(direction, this.#options.clock.nowMs());
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#advance();
    });
  }

  /** The store's receipt. */
  committed(batch: number): void {
    const commit = this.#end(batch);
    if (this.#fullSinceMs !== undefined && commit.load !== 'relief') {
      this.#fullSinceMs = undefined;
      this.#options.fullChanged(false);
    }
    for (const { direction, entry } of commit.puts) this.#options.stored(direction, entry);
    for (const { then } of commit.required) then();
    // what gathered meanwhile has had company enough
    if (this.#gathered.length + this.#required.length > 0) this.#dueAtMs = this.#options.clock.nowMs();
    this.#advance();
  }

  /** Nothing of the batch was written; its parts are tried again until there is room. */
  full(batch: number): void {
    const commit = this.#end(batch);
    const nowMs = this.#options.clock.nowMs();
    const waiting = [...commit.puts, ...this.#gathered];
    this.#gathered = waiting.filter(({ direction, entry }) => this.#options.unstored(direction, entry));
    this.#required.unshift(...commit.required);
    this.#riders.giveBack(commit.riders, nowMs);
    this.#retryAtMs = nowMs + FULL_RETRY_MS;
    if (commit.load === 'relief') this.#reliefAtMs = this.#retryAtMs;
    if (this.#fullSinceMs === undefined) {
      this.#fullSinceMs = nowMs;
      this.#options.fullChanged(true);
    }
    if (commit.load === 'relief') this.#drained?.();
    this.#advance();
  }

  #end(batch: number): Commit {
    const commit = this.#running;
    if (commit?.batch !== batch) throw new Error(`receipt for commit ${batch}, but ${commit?.batch ?? 'none'} runs`);
    this.#running = undefined;
    return commit;
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
    if (this.#running === undefined) {
      const load = this.#dueLoad(nowMs);
      if (load !== undefined) this.#commit(load);
      else if (this.#riders.isEmpty) this.#drained?.();
    }
    this.#setAlarm();
  }

  #gatherHeld(direction: Direction, entry: Entry, nowMs: number): void {
    entry.keeping = 'gathering';
    this.#gathered.push({ direction, entry });
    this.#dueAtMs = nowMs;
  }

  #dueLoad(nowMs: number): Load | undefined {
    if (this.#store === undefined) return undefined;
    const isDraining = this.#drained !== undefined;
    const hasRiders = isDraining ? !this.#riders.isEmpty : this.#riders.areDue(nowMs);
    if (this.#fullSinceMs !== undefined) {
      if (nowMs >= this.#reliefAtMs && (hasRiders || this.#required.length > 0)) return 'relief';
      return nowMs >= this.#retryAtMs ? 'puts' : undefined;
    }
    const isDue = nowMs >= Math.min(this.#dueAtMs ?? NEVER, this.#quietAtMs ?? NEVER);
    return isDue || hasRiders || (isDraining && this.#dueAtMs !== undefined) ? 'all' : undefined;
  }

  #commit(load: Load): void {
    const puts = load === 'relief' ? [] : this.#takePuts();
    const required = load === 'puts' ? [] : this.#required.splice(0);
    const riders = load === 'puts' ? [] : this.#riders.take(load === 'all' ? BATCH_CHANGES_MAX : RELIEF_CHANGES_MAX);
    this.#quietAtMs = undefined;
    this.#company.leave();
    this.#dueAtMs = this.#gathered.length > 0 ? this.#options.clock.nowMs() : undefined;
    const changes: Change[] = puts.flatMap(({ direction, entry }) => rowBegin(direction, entry));
    for (const one of required) changes.push(...one.changes);
    changes.push(...riders);
    // on a full disk an empty commit asks whether there is room again
    if (changes.length === 0 && load !== 'puts') {
      for (const { then } of required) then();
      return this.#advance();
    }
    this.#batch += 1;
    this.#running = { batch: this.#batch, load, puts, required, riders };
    this.#store?.commit(this.#batch, changes);
  }

  /** Those that still need it: what was acknowledged before it was written is not kept. */
  #takePuts(): Gathered[] {
    const puts = this.#gathered.splice(0, BATCH_CHANGES_MAX).filter(({ entry }) => entry.ended === undefined);
    for (const { entry } of puts) entry.keeping = 'committing';
    return puts;
  }

  #setAlarm(): void {
    const times = [this.#held.nextMs];
    if (this.#running === undefined && this.#fullSinceMs !== undefined) times.push(this.#retryAtMs);
    else if (this.#running === undefined) times.push(this.#dueAtMs, this.#quietAtMs, this.#riders.dueAtMs);
    const soonest = Math.min(...times.map((time) => time ?? NEVER));
    this.#alarm.set(Number.isFinite(soonest) ? soonest : undefined);
  }
}
