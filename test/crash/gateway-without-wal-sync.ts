/**
 * The gateway that treats all readable data as on the medium, for the negative control of the failing fsyncs: the WAL
 * that SQLite recovers is neither written once more (`src/store/wal.ts`) nor moved into the database at the start.
 */
import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { runAlteredGateway } from '../e2e/altered-gateway.ts';
import { nearStore } from './near-store.ts';

function openAsFound(path: string): Database {
  if (!existsSync(path)) return openDatabase(path);
  const database = new Sqlite(path);
  for (const setting of [
    'locking_mode = EXCLUSIVE',
    'journal_mode = WAL',
    'synchronous = FULL',
    'wal_autocheckpoint = 0',
  ])
    database.pragma(setting);
  return database;
}

/** Disables checkpoints: the processes here are too short for a WAL that has to be moved. */
function withoutCheckpoints(database: Database): Database {
  const pragma = database.pragma.bind(database);
  const nothingMoved = [{ busy: 0, log: 0, checkpointed: 0 }];
  return Object.assign(database, {
    pragma: (source: string, options?: Sqlite.PragmaOptions) =>
      source.startsWith('wal_checkpoint') ? nothingMoved : pragma(source, options),
  });
}

await runAlteredGateway(
  (path) => (listener) => nearStore({ path: ':memory:', database: withoutCheckpoints(openAsFound(path)) })(listener),
);
