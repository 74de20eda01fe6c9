/**
 * The real store, real SQLite, in memory and in this thread. A commit takes virtual time; a power cut in the middle leaves
 * it undone, one after it leaves it done and unreceipted. What was committed stays for the next life.
 */
import type { Direction } from '../../src/base/message.ts';
import type { Change } from '../../src/custody/change.ts';
import type { Row, Tally } from '../../src/custody/row.ts';
import type { OpenStore } from '../../src/ports.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { readTally } from '../../src/store/reader.ts';
import { StoreService } from '../../src/store/service.ts';
import { StoreClient } from '../../src/store/thread.ts';
import type { FromStore, ToStore } from '../../src/store/thread-messages.ts';
import { ChangeWriter, tableOf } from '../../src/store/writer.ts';
import type { Life } from './life.ts';
import { type StoredState, stateOf } from './stored-state.ts';
import type { VirtualTime } from './virtual-time.ts';

const COMMIT_MS = 5;
/** So long after it a trouble of the card may still hold up what was in custody. */
const AFTERMATH_MS = 10_000;

export class MemoryStore {
  readonly #database: Database = openDatabase(':memory:');
  readonly #time: VirtualTime;
  /** How long the card takes for a commit. */
  commitMs = COMMIT_MS;
  /** Nothing can be written. */
  isFull = false;
  commits = 0;
  /** World time of the last commit that was slow, and how slow; and of the last that found no room. */
  #slow = { atMs: Number.NEGATIVE_INFINITY, commitMs: COMMIT_MS };
  #fullAtMs = Number.NEGATIVE_INFINITY;
  /** A row is on the disk from now on. */
  onPut: (direction: Direction, row: Row) => void = () => undefined;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** The end of all trouble. */
  heal(): void {
    this.commitMs = COMMIT_MS;
    this.isFull = false;
  }

  /** What waits for a commit is on the disk after so long: behind the one that runs, with the next. */
  get commitMsMax(): number {
    const sinceMs = this.#time.nowMs - AFTERMATH_MS;
    if (this.#fullAtMs > sinceMs) return Number.POSITIVE_INFINITY;
    return 2 * Math.max(COMMIT_MS, this.commitMs, this.#slow.atMs > sinceMs ? this.#slow.commitMs : 0);
  }

  /** The durable ledger, beside any gateway. */
  tally(): Tally {
    return readTally(this.#database);
  }

  /** Everything that is on the disk now. */
  state(): StoredState {
    return stateOf(this.#database);
  }

  /** Writes changes of any content, with checksums that hold, between two lives. */
  plant(changes: readonly Change[]): void {
    this.#database.transaction(() => new ChangeWriter(this.#database).apply(changes))();
  }

  /** World time at which something last found no room. */
  get fullAtMs(): number {
    return this.#fullAtMs;
  }

  /** Messages on the disk now. */
  messages(direction: Direction): Pick<Row, 'topic' | 'payload'>[] {
    return this.#database.prepare(`SELECT topic, payload FROM ${tableOf(direction)}`).all() as Row[];
  }

  open(life: Life): OpenStore {
    return (listener) =>
      new Promise((resolve, reject) => {
        let busyUntilMs = 0;
        const messages: { service?: StoreService } = {};
        const post = (message: ToStore): void => {
          if (message.kind === 'commit') this.commits += 1;
          if (this.commitMs > COMMIT_MS) this.#slow = { atMs: this.#time.nowMs, commitMs: this.commitMs };
          busyUntilMs = Math.max(busyUntilMs, this.#time.nowMs) + (message.kind === 'commit' ? this.commitMs : 1);
          this.#time.at(busyUntilMs, () => {
            if (life.isAlive) this.#serve(message, messages.service, hear);
          });
        };
        const client = new StoreClient(post, listener);
        const hear = (message: FromStore): void => {
          if (message.kind === 'opened') resolve({ store: client.store, opening: message.opening });
          else if (message.kind === 'unopened') reject(new Error(message.what));
          // the receipt travels after the commit: there is an instant in which it is done and nobody knows
          else if (message.kind !== 'progress') this.#time.after(1, () => life.isAlive && client.receive(message));
        };
        messages.service = new StoreService({
          path: ':memory:',
          database: this.#database,
          bootId: life.boot.bootId,
          upMs: life.clock.nowMs(),
          nowMs: () => life.clock.nowMs(),
          send: hear,
        });
      });
  }

  #serve(message: ToStore, service: StoreService | undefined, hear: (message: FromStore) => void): void {
    // the next life needs the database: closing it would be the end of what is in memory
    if (message.kind === 'close') return hear({ kind: 'answer', ask: message.ask, value: undefined });
    if (message.kind !== 'commit') return service?.handle(message);
    if (this.isFull) this.#fullAtMs = this.#time.nowMs;
    if (this.isFull) return hear({ kind: 'full', batch: message.batch });
    service?.handle(message);
    for (const change of message.changes) if (change.kind === 'put') this.onPut(change.direction, change.row);
  }
}
