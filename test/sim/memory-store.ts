/**
 * The real store with SQLite in memory and in this thread. A commit takes virtual time. A power cut during a commit undoes
 * it; one directly after it leaves it without a receipt. Committed changes stay for the next life.
 */
import type { Direction } from '../../src/base/message.ts';
import type { Change } from '../../src/custody/change.ts';
import type { Row, Tally } from '../../src/custody/row.ts';
import type { OpenStore } from '../../src/ports.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { unpackChanges } from '../../src/store/packed.ts';
import { readTally } from '../../src/store/reader.ts';
import { StoreService } from '../../src/store/service.ts';
import { StoreClient } from '../../src/store/thread.ts';
import type { FromStore, ToStore } from '../../src/store/thread-messages.ts';
import { ChangeWriter, tableOf } from '../../src/store/writer.ts';
import type { Life } from './life.ts';
import { type StoredState, stateOf } from './stored-state.ts';
import type { VirtualTime } from './virtual-time.ts';

const COMMIT_MS = 5;
/** Time for which a trouble of the card may still delay messages in custody. */
const AFTERMATH_MS = 10_000;

export class MemoryStore {
  readonly #database: Database = openDatabase(':memory:');
  readonly #time: VirtualTime;
  /** Duration of a commit. */
  commitMs = COMMIT_MS;
  /** True while the disk is full. */
  isFull = false;
  commits = 0;
  /** World time and duration of the last slow commit, and time of the last commit without room. */
  #slow = { atMs: Number.NEGATIVE_INFINITY, commitMs: COMMIT_MS };
  #fullAtMs = Number.NEGATIVE_INFINITY;
  /** Called when a row is on the disk. */
  onPut: (direction: Direction, row: Row) => void = () => undefined;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Ends all troubles of the disk. */
  repair(): void {
    this.commitMs = COMMIT_MS;
    this.isFull = false;
  }

  /** Longest time until a waiting change is on the disk: the running commit and the next. */
  get commitMsMax(): number {
    const sinceMs = this.#time.nowMs - AFTERMATH_MS;
    if (this.#fullAtMs > sinceMs) return Number.POSITIVE_INFINITY;
    return 2 * Math.max(COMMIT_MS, this.commitMs, this.#slow.atMs > sinceMs ? this.#slow.commitMs : 0);
  }

  /** Ledger on the disk, read without a gateway. */
  tally(): Tally {
    return readTally(this.#database);
  }

  /** Contents of the disk. */
  state(): StoredState {
    return stateOf(this.#database);
  }

  /** Writes changes with any content and valid checksums between two lives. */
  plant(changes: readonly Change[]): void {
    this.#database.transaction(() => new ChangeWriter(this.#database).apply(changes))();
  }

  /** World time at which a commit last found no room. */
  get fullAtMs(): number {
    return this.#fullAtMs;
  }

  /** Messages on the disk. */
  messages(direction: Direction): Pick<Row, 'lane' | 'topic' | 'payload'>[] {
    return this.#database.prepare(`SELECT lane, topic, payload FROM ${tableOf(direction)}`).all() as Row[];
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
          // the receipt is sent after the commit, so a power cut can fall between the two
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
    // not closed, since the next life needs the database in memory
    if (message.kind === 'close') return hear({ kind: 'answer', ask: message.ask, value: undefined });
    if (message.kind !== 'commit') return service?.handle(message);
    if (this.isFull) this.#fullAtMs = this.#time.nowMs;
    if (this.isFull) return hear({ kind: 'full', batch: message.batch });
    service?.handle(message);
    for (const change of unpackChanges(message.changes))
      if (change.kind === 'put') this.onPut(change.direction, change.row);
  }
}
