/**
 * The gateway with a store that trusts the medium too much, for the negative controls of the power cuts: the same parts,
 * but `PRAGMA synchronous` is what the file `synchronous` beside the state folder says. The store runs in the main thread.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenStore } from '../../src/ports.ts';
import { openDatabase } from '../../src/store/database.ts';
import { StoreService } from '../../src/store/service.ts';
import { StoreClient } from '../../src/store/thread.ts';
import type { FromStore } from '../../src/store/wire.ts';
import { runAlteredGateway } from '../e2e/altered-gateway.ts';

function carelessStore(path: string): OpenStore {
  return (listener) =>
    new Promise((resolve, reject) => {
      const database = openDatabase(path);
      const synchronous = readFileSync(join(path, '../../synchronous'), 'utf8');
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
      database.pragma(`synchronous = ${synchronous}`);
    });
}

await runAlteredGateway(carelessStore);
