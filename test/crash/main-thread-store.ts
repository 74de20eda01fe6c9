/** A store without its thread, on a database that the caller opened in his own way: what the altered gateways stand on. */
import type { OpenStore } from '../../src/ports.ts';
import type { Database } from '../../src/store/database.ts';
import { StoreService } from '../../src/store/service.ts';
import { StoreClient } from '../../src/store/thread.ts';
import type { FromStore } from '../../src/store/wire.ts';

/** @param opened is told once the store stands on it */
export function mainThreadStore(
  open: () => Database,
  opened: (database: Database) => void = () => undefined,
): OpenStore {
  return (listener) =>
    new Promise((resolve, reject) => {
      const database = open();
      const parts: { service?: StoreService } = {};
      const client = new StoreClient((message) => setImmediate(() => parts.service?.handle(message)), listener);
      const hear = (message: FromStore): void => {
        if (message.kind === 'opened') resolve({ store: client.store, opening: message.opening });
        else if (message.kind === 'unopened') reject(new Error(message.what));
        else if (message.kind !== 'progress') client.receive(message);
      };
      const nowMs = (): number => performance.now();
      // whoever is told that it is in memory does not insist on FULL
      const options = { path: ':memory:', database, bootId: 'one boot', upMs: nowMs(), nowMs, send: hear };
      parts.service = new StoreService(options);
      opened(database);
    });
}
