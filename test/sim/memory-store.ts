/**
 * The real store, real SQLite, in memory and in this thread. A commit takes virtual time; a power cut in the middle leaves
 * it undone, one after it leaves it done and unreceipted. What was committed stays for the next life.
 */
import type { OpenStore } from '../../src/ports.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { StoreService } from '../../src/store/service.ts';
import { StoreClient } from '../../src/store/thread.ts';
import type { FromStore, ToStore } from '../../src/store/wire.ts';
import type { Life } from './life.ts';
import type { VirtualTime } from './virtual-time.ts';

export class MemoryStore {
  readonly #database: Database = openDatabase(':memory:');
  readonly #time: VirtualTime;
  /** How long the card takes for a commit. */
  commitMs: () => number = () => 5;
  commits = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  open(life: Life): OpenStore {
    return (listener) =>
      new Promise((resolve, reject) => {
        let busyUntilMs = 0;
        const messages: { service?: StoreService; client?: StoreClient } = {};
        const post = (message: ToStore): void => {
          if (message.kind === 'commit') this.commits += 1;
          busyUntilMs = Math.max(busyUntilMs, this.#time.nowMs) + (message.kind === 'commit' ? this.commitMs() : 1);
          this.#time.at(busyUntilMs, () => {
            if (life.isAlive) messages.service?.handle(message);
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
}
