/**
 * The gateway with a store that trusts the medium, for the negative controls of the power cuts: the same parts, but
 * `PRAGMA synchronous` is the content of the file `synchronous` next to the state folder. The store runs in the main
 * thread.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenStore } from '../../src/ports.ts';
import { openDatabase } from '../../src/store/database.ts';
import { runAlteredGateway } from '../e2e/altered-gateway.ts';
import { nearStore } from './near-store.ts';

function carelessStore(path: string): OpenStore {
  return (listener) => {
    const database = openDatabase(path);
    // A store that is reported as in memory does not require FULL.
    const opened = nearStore({ path: ':memory:', database })(listener);
    database.pragma(`synchronous = ${readFileSync(join(path, '../../synchronous'), 'utf8')}`);
    return opened;
  };
}

await runAlteredGateway(carelessStore);
