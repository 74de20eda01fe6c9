/**
 * Group commit: while one commit runs, changes are enqueued; the next commit takes all of them.
 *
 * A held entry is in RAM, waits for the next hop's acknowledgement and is not acknowledged. An enqueued entry waits for
 * the next commit. A committing entry waits for the fsync of the running commit. Lazy changes (deletes of delivered
 * rows, counters) start no commit of their own while they are few. Each commit takes the oldest waiting changes in the
 * order of their decisions (`segments.ts`): after a crash the store contains all decisions up to one moment, and no
 * later decision. Receipts are handled in the order of the commits. Senders are informed only after the receipt.
 *
 * On a full disk a commit is split. Messages are tried again each second. Between these attempts, changes that need no
 * room overtake the messages, in commits that fit into the room that the store reserves for such changes. A message
 * overtakes no other change. So code that needs a message to be durable waits with `whenSettled`, or for the receipt.
 */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { Durability } from '../custody/durability.ts';
import type { Entry } from '../custody/entry.ts';
import { ledgerId } from '../custody/lane-number.ts';
import type { Clock, Store } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';
import { BatchWait } from './batch-wait.ts';
import type { CommitSupplement } from './commit-supplement.ts';
import { HoldQueue } from './hold-queue.ts';
import { changesOf, type Load, NOTHING, Segments, type Taken } from './segments.ts';

/** Number of urgent changes that starts a commit at once. PostgreSQL's counterpart is `commit_siblings`. */
const BATCH_MIN = 32;
const NEVER = Number.POSITIVE_INFINITY;
/** Time between two attempts on a full disk. */
const FULL_RETRY_MS = 1000;

/** Durations of commits, for reports. */
export interface CommitPace {
  /** Time since the start of the commit that runs, ms; `undefined`: none runs. */
  readonly runningMs: number | undefined;
  /** Duration of the last commit and time since its end, ms; `undefined`: there was none. */
  readonly last: { readonly ms: number; readonly agoMs: number } | undefined;
}

interface Commit {
  readonly batch: number;
  /** Monotonic ms. */
  readonly beganAtMs: number;
  readonly load: Load;
  readonly taken: Taken;
  /** True if the success of this commit proves that the disk is no longer full. */
  readonly asksForRoom: boolean;
  /** True if the commit has changes of the supplement. */
  readonly hasSupplement: boolean;
}

export interface CommitterOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** Called when a put is durable. */
  readonly stored: (direction: Direction, entry: Entry) => void;
  /** Called when the disk has no room for a put. @returns true if the put continues to wait */
  readonly unstored: (direction: Direction, entry: Entry) => boolean;
  readonly fullChanged: (isFull: boolean) => void;
}

export class Committer implements Durability {
  readonly #options: CommitterOptions;
  readonly #timer: Timer;
  readonly #held = new HoldQueue();
  /** Senders by the numbers of their lanes (`ledgerId`). */
  readonly #batchWait = new BatchWait<number>();
  /** Changes that wait for a commit, in order. */
  readonly waiting = new Segments();
  #store: Store | undefined;
  #supplement: CommitSupplement | undefined;
  #dueAtMs: number | undefined;
  /**
   * Time of a commit before `#dueAtMs`, because no further change is expected until then. `undefined`: none is planned.
   */
  #quietAtMs: number | undefined;
  #running: Commit | undefined;
  /** Duration of the last commit, and its end. */
  #last: { readonly ms: number; readonly endedAtMs: number } | undefined;
  #fullSinceMs: number | undefined;
  /**
   * Times of the next attempts on a full disk. `#retryAtMs`: for messages. `#reliefAtMs`: for changes that need no
   * room.
   */
  #retryAtMs = 0;
  #reliefAtMs = 0;
  #batch = 0;
  #drained: (() => void) | undefined;
  /** True while the task that starts the next commit is in the mailbox. */
  #isAdvancePosted = false;
  readonly #advanceOnce = (): void => {
    this.#isAdvancePosted = false;
    this.#advance();
  };

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.#advance());
  }

  /** Sets the store. Without it nothing is written. The store's listener must be wired to `committed` and `full`. */
  attach(store: Store): void {
    this.#store = store;
    this.#advance();
  }

  /** Sets the supplement, which is asked for changes at each commit. */
  supplement(supplement: CommitSupplement): void {
    this.#supplement = supplement;
  }

  /** Durations of the last commits, for reports. */
  get pace(): CommitPace {
    const nowMs = this.#options.clock.nowMs();
    return {
      runningMs: this.#running === undefined ? undefined : nowMs - this.#running.beganAtMs,
      last: this.#last === undefined ? undefined : { ms: this.#last.ms, agoMs: nowMs - this.#last.endedAtMs },
    };
  }

  /** Time since which the disk is full. While the disk is full, no message is written. `undefined`: not full. */
  get fullSinceMs(): number | undefined {
    return this.#fullSinceMs;
  }

  /**
   * Time at which a commit was due that has not started, monotonic ms. `undefined`: none is due, or a commit runs. For
   * the watchdog: the time stays the same only if the timer of the commits does not work.
   */
  get overdueSinceMs(): number | undefined {
    if (this.#running !== undefined || this.#store === undefined) return undefined;
    const dueAtMs = Math.min(this.#held.nextMs ?? NEVER, this.#nextCommitMs);
    return dueAtMs < this.#options.clock.nowMs() ? dueAtMs : undefined;
  }

  /** True if work that makes more lazy changes must wait. */
  get isOverloaded(): boolean {
    return this.waiting.isOverloaded;
  }

  get commits(): number {
    return this.#batch;
  }

  hold(direction: Direction, entry: Entry, untilMs: number): void {
    this.#held.add(direction, entry, untilMs);
    this.#setTimer();
  }

  enqueue(direction: Direction, entry: Entry, byMs: number): void {
    this.#put(direction, entry);
    if (entry.ackWaiter !== undefined) this.#joinBatch(ledgerId(direction, entry.row.lane));
    this.#due(byMs);
  }

  addLazy(change: Change): void {
    this.waiting.addLazy(change, this.#options.clock.nowMs());
    if (change.kind === 'count') return; // counters start no commit
    if (this.waiting.areManyLazy) this.#advance();
    else this.#setTimer();
  }

  /** Makes changes durable in one commit. `then` runs after the receipt, when all earlier decisions are durable too. */
  require(changes: readonly Change[], byMs: number, then: () => void): void {
    this.waiting.require({ changes, then });
    this.#due(byMs);
  }

  /** Runs `then` when all earlier decisions are durable, including messages that wait because of a full disk. */
  whenSettled(byMs: number, then: () => void): void {
    this.waiting.whenSettled(then);
    this.#due(byMs);
  }

  /** Enqueues the held entries of a direction, because its next hop is gone. */
  flushHeld(direction: Direction, byMs: number): void {
    for (const entry of this.#held.takeAll(direction)) this.enqueue(direction, entry, byMs);
  }

  /**
   * Resolves when all waiting changes are durable, including lazy changes. On a full disk, the messages that cannot be
   * written stay unacknowledged.
   */
  drain(): Promise<void> {
    for (const direction of ['uplink', 'downlink'] as const) this.flushHeld(direction, this.#options.clock.nowMs());
    if (this.#supplement?.isDue === true) this.waiting.whenSettled(() => undefined);
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#advance();
    });
  }

  /** Handles the store's receipt. */
  committed(batch: number): void {
    const { taken, asksForRoom, hasSupplement } = this.#end(batch);
    this.waiting.done();
    if (hasSupplement) this.#supplement?.written();
    if (this.#fullSinceMs !== undefined && asksForRoom) {
      this.#fullSinceMs = undefined;
      this.#options.fullChanged(false);
    }
    this.#report(taken);
    // the changes that were enqueued during the commit have waited long enough
    if (this.waiting.urgent > 0) this.#dueAtMs = this.#options.clock.nowMs();
    this.#advance();
  }

  /**
   * Called if no change of the batch was written because the disk is full. The changes are tried again until there is
   * room.
   */
  full(batch: number): void {
    const { load, taken, hasSupplement } = this.#end(batch);
    if (hasSupplement) this.#supplement?.unwritten();
    const nowMs = this.#options.clock.nowMs();
    this.waiting.returnTaken(taken, nowMs);
    this.waiting.keepPuts(({ direction, entry }) => this.#options.unstored(direction, entry));
    this.#retryAtMs = nowMs + FULL_RETRY_MS;
    if (load === 'relief') this.#reliefAtMs = this.#retryAtMs;
    if (this.#fullSinceMs === undefined) {
      this.#fullSinceMs = nowMs;
      this.#options.fullChanged(true);
    }
    if (load === 'relief') this.#drained?.();
    this.#advance();
  }

  #end(batch: number): Commit {
    const commit = this.#running;
    if (commit?.batch !== batch) throw new Error(`receipt for commit ${batch}, but ${commit?.batch ?? 'none'} runs`);
    this.#running = undefined;
    const endedAtMs = this.#options.clock.nowMs();
    this.#last = { ms: endedAtMs - commit.beganAtMs, endedAtMs };
    return commit;
  }

  #report({ puts, steps, settled }: Taken): void {
    for (const { direction, entry } of puts) this.#options.stored(direction, entry);
    for (const step of steps) if ('then' in step) step.then();
    for (const then of settled) then();
  }

  #joinBatch(who: number): void {
    const nowMs = this.#options.clock.nowMs();
    this.#batchWait.join(who, nowMs);
    const quietMs = this.#batchWait.quietMs(nowMs);
    this.#quietAtMs = quietMs === undefined ? undefined : nowMs + quietMs;
  }

  #due(byMs: number): void {
    this.#dueAtMs = this.#dueAtMs === undefined ? byMs : Math.min(this.#dueAtMs, byMs);
    if (this.waiting.urgent >= BATCH_MIN) this.#dueAtMs = this.#options.clock.nowMs();
    // the commit starts in its own task, so that it includes all changes that the present task enqueues
    if (this.#isAdvancePosted) return;
    this.#isAdvancePosted = true;
    this.#options.mailbox.post(this.#advanceOnce);
  }

  #advance(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { direction, entry } of this.#held.takeDue(nowMs)) {
      this.#put(direction, entry);
      this.#dueAtMs = nowMs;
    }
    if (this.#running === undefined) {
      const load = this.#dueLoad(nowMs);
      if (load !== undefined) this.#commit(load);
      else if (this.#fullSinceMs === undefined ? this.waiting.isEmpty : !this.waiting.hasRelief) this.#drained?.();
    }
    this.#setTimer();
  }

  #put(direction: Direction, entry: Entry): void {
    entry.keeping = 'enqueued';
    this.waiting.put({ direction, entry });
  }

  #dueLoad(nowMs: number): Load | undefined {
    if (this.#store === undefined) return undefined;
    const { waiting } = this;
    const isDraining = this.#drained !== undefined;
    if (this.#fullSinceMs !== undefined) {
      const hasRelief = waiting.hasRequired || (isDraining ? waiting.hasRelief : waiting.areLazyDue(nowMs));
      if (nowMs >= this.#reliefAtMs && hasRelief) return 'relief';
      return nowMs >= this.#retryAtMs ? waiting.next : undefined;
    }
    const isDue = nowMs >= Math.min(this.#dueAtMs ?? NEVER, this.#quietAtMs ?? NEVER);
    return isDue || waiting.areLazyDue(nowMs) || (isDraining && !waiting.isEmpty) ? 'all' : undefined;
  }

  #commit(load: Load): void {
    const taken = this.#take(load);
    this.#quietAtMs = undefined;
    this.#batchWait.leave();
    this.#dueAtMs = this.waiting.urgent > 0 ? this.#options.clock.nowMs() : undefined;
    const changes = changesOf(taken);
    const supplement = load === 'all' && this.#fullSinceMs === undefined ? (this.#supplement?.take() ?? []) : [];
    changes.push(...supplement);
    if (changes.length === 0 && load !== 'nothing') {
      this.waiting.done();
      this.#report(taken);
      return this.#advance();
    }
    this.#batch += 1;
    const asksForRoom = taken.puts.length > 0 || changes.length === 0;
    const beganAtMs = this.#options.clock.nowMs();
    this.#running = { batch: this.#batch, beganAtMs, load, taken, asksForRoom, hasSupplement: supplement.length > 0 };
    for (const { entry } of taken.puts) entry.keeping = 'committing';
    this.#store?.commit(this.#batch, changes);
  }

  #take(load: Load): Taken {
    if (load === 'nothing') return NOTHING;
    return (load === 'relief' ? this.waiting.takeRelief() : this.waiting.take()) ?? NOTHING;
  }

  #setTimer(): void {
    const soonest = Math.min(this.#held.nextMs ?? NEVER, this.#running === undefined ? this.#nextCommitMs : NEVER);
    this.#timer.set(soonest === NEVER ? undefined : soonest);
  }

  get #nextCommitMs(): number {
    if (this.#fullSinceMs !== undefined) return this.#retryAtMs;
    return Math.min(this.#dueAtMs ?? NEVER, this.#quietAtMs ?? NEVER, this.waiting.lazyDueAtMs ?? NEVER);
  }
}
