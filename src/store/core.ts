/**
 * The durable half, synchronous: what the store's thread runs, and what the simulation runs in the same thread.
 * One transaction per commit; whoever calls `commit` may tell others only after it has returned.
 */
import type { Epoch } from '../base/time.ts';
import type { Change } from '../custody/change.ts';
import type { StoreOpening } from '../custody/row.ts';
import { SEQ_BLOCK } from '../custody/sequence.ts';
import { assertDurable, type Database, isFull, PAGE_BYTES, type Statement } from './database.ts';
import * as read from './reader.ts';
import { HighWaterMark } from './repair/high-water-check.ts';
import { enterLoss, findLosses } from './repair/loss-account.ts';
import { clearSuspect, type Opened, openOrRecover, suspect } from './repair/store-recovery.ts';
import { ChangeWriter } from './writer.ts';

export interface CoreOptions {
  /** Of the database file; ':memory:' in the simulation. */
  readonly path: string;
  /** Open already: the simulation's outlives its gateways. */
  readonly database?: Database;
  /** Of the file that keeps room for a full disk; none in the simulation. */
  readonly reservePath?: string;
  /** The last process found the file corrupt: it is looked at before it is used. */
  readonly suspect?: boolean;
  /** Hears a sentence now and then while the store is recovered. */
  readonly progress?: (sentence: string) => void;
  /** Pages in the log that are due for a checkpoint; fewer than usual where a test wants to see many. */
  readonly checkpointPages?: number;
  readonly bootId: string;
  readonly upMs: number;
}

/** Pages in the log that make a checkpoint worth its fsync: 4 MB, as SQLite's own figure. */
const CHECKPOINT_PAGES = 4000;
/** So many checkpoints' worth in the log: no messages are put on top of it before one has succeeded. */
const LOG_CHECKPOINTS_MAX = 2;
/** The boot's last known up time is written at most so often, riding on a commit. */
const BEAT_MS = 60_000;
/** Boots remembered: more than a year of daily power cuts. */
const BOOTS_MAX = 512;

/** Of a database that was open already. */
const NOTHING_FOUND = {
  ...{ recovery: [], lostRows: 0, unknown: [], isChecked: false, isNew: false, hasLedger: true },
  anew: new Set<number>(),
};

export class StoreCore {
  readonly #database: Database;
  readonly #path: string;
  /** One transaction; made once, since making it costs more than a small commit does. */
  readonly #write: (changes: readonly Change[], upMs: number) => void;
  readonly #epoch: number;
  /** `undefined`: a store in memory has no medium that could lose anything. */
  readonly #highWater: HighWaterMark | undefined;
  readonly #opened: Opened;
  readonly #checkpointPages: number;
  readonly #logState: Statement;
  /** A row that is in custody was not found by its number. */
  readonly #missed: () => boolean;
  #isSuspect = false;
  #logPages = 0;
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
      this.#logState = this.#database.prepare('PRAGMA wal_checkpoint(NOOP)'); // looks, and moves nothing
      const writer = new ChangeWriter(this.#database);
      this.#missed = () => writer.hasMissed;
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
      if (database === undefined) this.#database.close(); // its lock would outlive us
      throw error;
    }
  }

  get database(): Database {
    return this.#database;
  }

  /** Returns when the changes are on the medium: COMMIT has fsynced. Throws what SQLite throws, having changed nothing. */
  commit(changes: readonly Change[], upMs: number): void {
    this.#write(changes, upMs);
    if (this.#missed() || changes.some(isDamage)) this.#suspect();
    this.#logPages = this.#pagesInLog();
    this.#highWater?.committed(changes);
  }

  /** Bytes of pages within the file that hold nothing. */
  get freeInside(): number {
    return Number(this.#database.pragma('freelist_count', { simple: true })) * PAGE_BYTES;
  }

  /** After the receipts are out: moves the WAL into the database when it has grown. Throws what SQLite throws. */
  checkpointIfDue(): void {
    if (this.#logPages >= this.#checkpointPages) this.checkpoint();
  }

  /** Checkpoints have failed for so long (the disk is full) that the log is not to take messages until one succeeds. */
  get isLogFull(): boolean {
    return this.#logPages >= LOG_CHECKPOINTS_MAX * this.#checkpointPages;
  }

  /** After the receipts are out, and when a note is due: lets the witness note how far the store has come. Throws an I/O error. */
  note(upMs: number): void {
    this.#highWater?.note(upMs);
  }

  /** As `Witness.dueInMs`. */
  noteDueInMs(upMs: number): number | undefined {
    return this.#highWater?.dueInMs(upMs);
  }

  checkpoint(): void {
    const [result] = this.#database.pragma('wal_checkpoint(PASSIVE)') as {
      busy: number;
      log: number;
      checkpointed: number;
    }[];
    if (result !== undefined && (result.busy !== 0 || result.checkpointed < result.log)) {
      throw new Error(`checkpoint moved ${result.checkpointed} of ${result.log} pages`);
    }
    this.#logPages = 0;
  }

  /** Pages of the database that an earlier life wrote in vain are written again (see `wal.ts`); a full disk waits. */
  #checkpointAtStart(): void {
    try {
      this.checkpoint();
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  /** A full disk costs the boot's last known up time a minute; it must not keep the gateway from ending. */
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

  /** In the log, which begins anew only once all of it is in the database; none in memory, where there is no log. */
  #pagesInLog(): number {
    const { log, checkpointed } = this.#logState.get() as { log: number; checkpointed: number };
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
        epochs: read.readEpochs(database),
        subdevices: read.readSubdevices(database),
        subscriptions: read.readSubscriptions(database),
        topicIds: read.readTopicIds(database),
        wills: read.readWills(database),
        commandMarks: read.readCommandMarks(database),
        grantedFilters: read.readFilters(database),
        hubSession: read.readHubSession(database),
        hubGap: read.readHubGap(database),
        alarmTopics: read.readAlarmTopics(database),
        backlog: read.readBacklog(database),
        counts: read.readCounts(database),
        recovery: found.sentences,
        losses: read.readLosses(database),
        damagedRecords: found.records,
      };
    })();
  }

  /** The same boot id: the process was restarted and its monotonic clock goes on. Another: a new epoch. */
  #enterBoot(options: CoreOptions): Pick<StoreOpening, 'now' | 'isFirstOfBoot'> {
    const upMs = Math.floor(options.upMs);
    const last = [...read.readEpochs(this.#database).values()].reduce<Epoch | undefined>(
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

/** A row was found damaged or missing while it was read. */
function isDamage(change: Change): boolean {
  if (change.kind === 'count') return change.counts.damaged > 0;
  return change.kind === 'settle' && change.outcome.as === 'damaged';
}
