/**
 * The gateway with a store that trusts the medium too much, for the negative controls of the power cuts: the same parts,
 * but `PRAGMA synchronous` is what the file `synchronous` beside the state folder says. The store runs in the main thread.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/database.ts';
import { runAlteredGateway } from '../e2e/altered-gateway.ts';
import { mainThreadStore } from './main-thread-store.ts';

await runAlteredGateway((path) =>
  mainThreadStore(
    () => openDatabase(path),
    (database) => database.pragma(`synchronous = ${readFileSync(join(path, '../../synchronous'), 'utf8')}`),
  ),
);
