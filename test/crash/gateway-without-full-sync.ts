/**
 * The gateway with a store that trusts the medium too much, for the negative controls of the power cuts: the same parts,
 * but `PRAGMA synchronous` is what the file `synchronous` beside the state folder says. The store runs in the main thread.
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
    // whoever is told that it is in memory does not insist on FULL
    const opened = nearStore({ path: ':memory:', database })(listener);
    database.pragma(`synchronous = ${readFileSync(join(path, '../../synchronous'), 'utf8')}`);
    return opened;
  };
}

await runAlteredGateway(carelessStore);
