/**
 * Synchronous core of the store. The store's thread runs it; the simulation runs it in its own thread. One transaction
 * per commit. A change may be acknowledged only after `commit` has returned.
 */
import type { Epoch } from '../base/time.ts';
import type { Change } from '../custody/change.ts';
import type { StoreOpening } from '../custody/row.ts';
import { SEQ_BLOCK } from '../custody/sequence.ts';
import type { StillFile, StillRequest } from '../ports.ts';
import { assertDurable, type Database, isFull, PAGE_BYTES, type Statement } from './database.ts';
import { readEpochs } from './epoch-rows.ts';
import type { HistoryStore } from './history-store.ts';
import * as read from './reader.ts';
import { HighWaterMark } from './repair/high-water-check.ts';
import { enterLoss, findLosses } from './repair/loss-account.ts';
import { clearSuspect, type Opened, openOrRecover, suspect } from './repair/store-recovery.ts';
import { ChangeWriter } from './writer.ts';

export interface CoreOptions {
  /** Path of the database file; ':memory:' in the simulation. */
  readonly path: string;
  /** Database that is already open. In the simulation it outlives its gateways. */
  readonly database?: Database;
  /** Path of the file that reserves room for a full disk; none in the simulation. */
  readonly reservePath?: string;
  /** True if the last process found the file corrupt. The file is then checked before use. */
  readonly suspect?: boolean;
  /** Receives progress sentences while the store is recovered. */
  readonly progress?: (sentence: string) => void;
  /** Pages in the WAL that start a checkpoint; a test may set fewer. */
  readonly checkpointPages?: number;
  readonly bootId: string;
  readonly upMs: number;
}

/** Pages in the WAL that are worth the fsync of a checkpoint: 4 MB, as SQLite's default. */
const CHECKPOINT_PAGES = 4000;
/** Size of the WAL, in checkpoints, at which no more messages are written before one has succeeded. */
const WAL_CHECKPOINTS_MAX = 2;
/** The same while the file is kept still for a copy: 32 MB, the commits of a minute and more. */
const STILL_CHECKPOINTS_MAX = 8;
/** Time for which one request keeps the file still. A reader that ends without notice delays checkpoints no longer. */
const STILL_MS = 15_000;
/** Shortest time between two writes of the boot's last known up time. The write is part of a commit. */
const BEAT_MS = 60_000;
/** Largest number of boots kept: more than a year of daily power failures. */
const BOOTS_MAX = 512;

/** Result of the recovery for a database that was already open. */
const NOTHING_FOUND = {
  recovery: [],
  isDamaged: false,
  lostRows: 0,
  unknown: [],
  isChecked: false,
  isNew: false,
  hasLedger: true,
  restarted: new Set<number>(),
};

export class StoreCore {
  readonly #database: Database;
  readonly #path: string;
  /** One transaction. Created once, because creating it costs more than a small commit. */
  readonly #write: (changes: readonly Change[], upMs: number) => void;
  readonly #epoch: number;
  /** High-water mark of the store. `undefined`: the store is in memory, which is no medium that could lose data. */
  readonly #highWater: HighWaterMark | undefined;
  readonly #opened: Opened;
  readonly #checkpointPages: number;
  readonly #walState: Statement;
  /** True if a row in custody was not found by its number. */
  readonly #missed: () => boolean;
  readonly history: HistoryStore;
  #isSuspect = false;
  #walPages = 0;
  /** Number of checkpoints that may have changed the database file. */
  #turn = 1;
  /** Monotonic ms until which no checkpoint is made without need. */
  #stillUntilMs = 0;
  #beatAtMs: number;
  readonly opening: StoreOpening;

  /** @throws Fault */
  constructor(options: CoreOptions) {
    const { path, database, suspect: isSuspect = false, progress = () => undefined } = options;
    const opened =
      database === undefined ? openOrRecover({ path, suspect: isSuspect, progress }) : { ...NOTHING_FOUND, database };
    this.#database = opened.database;
    this.#path = path;
    this.#opened = opened;
    try {
      this.#checkpointPages = options.checkpointPages ?? CHECKPOINT_PAGES;
      this.#walState = this.#database.prepare('PRAGMA wal_checkpoint(NOOP)'); // reports the state without moving pages
      const writer = new ChangeWriter(this.#database);
      this.#missed = () => writer.hasMissed;
      this.history = writer.history;
      this.#write = this.#database.transaction((changes: readonly Change[], upMs: number) => {
        writer.apply(changes);
        if (upMs - this.#beatAtMs >= BEAT_MS) this.#beat(upMs);
      });
      this.#highWater = path === ':memory:' ? undefined : new HighWaterMark(this.#database, path);
      this.#beatAtMs = options.upMs;
      this.opening = this.#open(options);
      this.#epoch = this.opening.now.epoch;
      assertDurable(this.#database, path);
      this.#highWater?.note(options.upMs);
      if (this.#opened.isChecked) clearSuspect(path);
      this.#checkpointAtStart();
    } catch (error) {
      if (database === undefined) this.#database.close(); // its lock would outlive this object
      throw error;
    }
  }

  get database(): Database {
    return this.#database;
  }

  /** Returns when the changes are on the medium: COMMIT has fsynced. Throws SQLite's errors; no change is made then. */
  commit(changes: readonly Change[], upMs: number): void {
    this.#write(changes, upMs);
    if (this.#missed() || changes.some(isDamage) || this.history.failure !== undefined) this.#suspect();
    this.#walPages = this.#pagesInWal();
    this.#highWater?.committed(changes);
  }

  /** Bytes of unused pages within the file. */
  get freeInside(): number {
    return Number(this.#database.pragma('freelist_count', { simple: true })) * PAGE_BYTES;
  }

  /** Moves the WAL into the database when it has grown. Called after the receipts are sent. Throws SQLite's errors. */
  checkpointIfDue(nowMs: number): void {
    const isDelayed = nowMs < this.#stillUntilMs && !this.isWalFull;
    if (this.#walPages >= this.#checkpointPages && !isDelayed) this.checkpoint();
  }

  /**
   * Handles a request to keep the database file unchanged while it is copied. Commits go to the WAL meanwhile. When the
   * WAL has no more room, a checkpoint is made, and the copy is invalid: commits come first.
   */
  still({ step, turn }: StillRequest, nowMs: number): StillFile {
    if (step === 'begin') this.checkpoint();
    const isStill = step === 'begin' || turn === this.#turn;
    this.#stillUntilMs = isStill && step !== 'end' ? nowMs + STILL_MS : 0;
    const bytes = Number(this.#database.pragma('page_count', { simple: true })) * PAGE_BYTES;
    return { turn: this.#turn, isStill, bytes };
  }

  /**
   * True if checkpoints have failed for so long (the disk is full) that the WAL takes no messages until one succeeds.
   */
  get isWalFull(): boolean {
    const checkpointsMax = this.#stillUntilMs > 0 ? STILL_CHECKPOINTS_MAX : WAL_CHECKPOINTS_MAX;
    return this.#walPages >= checkpointsMax * this.#checkpointPages;
  }

  /**
   * Writes the high-water mark if it has changed and is due. Called after the receipts are sent. Throws an I/O error.
   */
  note(upMs: number): void {
    this.#highWater?.note(upMs);
  }

  /** Time until `note` must be called, ms; see `HighWaterMark.dueInMs`. */
  noteDueInMs(upMs: number): number | undefined {
    return this.#highWater?.dueInMs(upMs);
  }

  checkpoint(): void {
    this.#turn += 1;
    this.#stillUntilMs = 0;
    const [result] = this.#database.pragma('wal_checkpoint(PASSIVE)') as {
      busy: number;
      log: number;
      checkpointed: number;
    }[];
    if (result !== undefined && (result.busy !== 0 || result.checkpointed < result.log)) {
      throw new Error(`checkpoint moved ${result.checkpointed} of ${result.log} pages`);
    }
    this.#walPages = 0;
  }

  /**
   * Writes pages again that an earlier process may have written without effect (see `wal.ts`). Skipped on a full disk.
   */
  #checkpointAtStart(): void {
    try {
      this.checkpoint();
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  /** Writes the up time of this boot and closes the store. On a full disk the up time may lack its last minute. */
  close(upMs: number): void {
    try {
      this.#database.transaction(() => this.#beat(upMs))();
    } catch (error) {
      if (!isFull(error)) throw error;
    }
    try {
      this.#highWater?.noteLast();
    } finally {
      this.#database.close();
    }
  }

  #suspect(): void {
    if (this.#isSuspect || this.#highWater === undefined) return;
    this.#isSuspect = true;
    suspect(this.#path);
  }

  /** Pages in the WAL. 0 if all of them are in the database, because the WAL restarts only then; 0 in memory. */
  #pagesInWal(): number {
    const { log, checkpointed } = this.#walState.get() as { log: number; checkpointed: number };
    return log === checkpointed ? 0 : log;
  }

  #beat(upMs: number): void {
    this.#beatAtMs = upMs;
    this.#database.prepare('UPDATE boot SET last_up_ms = ? WHERE epoch = ?').run(Math.floor(upMs), this.#epoch);
  }

  #open(options: CoreOptions): StoreOpening {
    const database = this.#database;
    return database.transaction(() => {
      const found = findLosses(database, this.#opened, this.#highWater);
      const { now, isFirstOfBoot } = this.#enterBoot(options);
      enterLoss(database, found, now);
      const nextSeq = { uplink: 1, downlink: 1 };
      for (const direction of ['uplink', 'downlink'] as const) {
        const row = database.prepare('SELECT reserved_to FROM sequence WHERE direction = ?').get(direction) as {
          reserved_to: number;
        };
        nextSeq[direction] = row.reserved_to;
        database
          .prepare('UPDATE sequence SET reserved_to = ? WHERE direction = ?')
          .run(row.reserved_to + SEQ_BLOCK, direction);
      }
      return {
        now,
        isFirstOfBoot,
        nextSeq,
        epochs: readEpochs(database),
        subdevices: read.readSubdevices(database),
        subscriptions: read.readSubscriptions(database),
        topicIds: read.readTopicIds(database),
        wills: read.readWills(database),
        commandMarks: read.readCommandMarks(database),
        grantedFilters: read.readFilters(database),
        hubSession: read.readHubSession(database),
        hubGap: read.readHubGap(database),
        alarmTopics: read.readAlarmTopics(database),
        holds: read.readHolds(database),
        backlog: read.readBacklog(database),
        backlogLimits: read.readBacklogLimits(database),
        machine: read.readMachine(database),
        counts: read.readCounts(database),
        recovery: found.sentences,
        losses: read.readLosses(database),
        isDamaged: found.isDamaged,
        damagedRecords: found.records,
      };
    })();
  }

  /**
   * Stores the boot of this start. Same boot id: the process restarted and its monotonic clock continued. Another boot
   * id: a new epoch begins.
   */
  #enterBoot(options: CoreOptions): Pick<StoreOpening, 'now' | 'isFirstOfBoot'> {
    const upMs = Math.floor(options.upMs);
    const last = [...readEpochs(this.#database).values()].reduce<Epoch | undefined>(
      (newest, epoch) => (newest === undefined || epoch.epoch > newest.epoch ? epoch : newest),
      undefined,
    );
    if (last?.bootId === options.bootId) {
      this.#database.prepare('UPDATE boot SET last_up_ms = ? WHERE epoch = ?').run(upMs, last.epoch);
      return { now: { epoch: last.epoch, upMs }, isFirstOfBoot: false };
    }
    const epoch = (last?.epoch ?? 0) + 1;
    this.#database
      .prepare('INSERT INTO boot (epoch, boot_id, last_up_ms) VALUES (?,?,?)')
      .run(epoch, options.bootId, upMs);
    this.#database.prepare('DELETE FROM boot WHERE epoch <= ?').run(epoch - BOOTS_MAX);
    return { now: { epoch, upMs }, isFirstOfBoot: true };
  }
}

/** True if a row was found damaged or missing while it was read. */
function isDamage(change: Change): boolean {
  if (change.kind === 'count') return change.counts.damaged > 0;
  return change.kind === 'settle' && change.outcome.as === 'damaged';
}
