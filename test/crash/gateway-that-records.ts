/**
 * The product's own `run`, which writes the recordings of a hang on SIGUSR2. With NO_SYNC=1 Node's calls that sync a file
 * or a folder do nothing, for the negative control; those of SQLite do.
 */
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { runGateway } from '../../src/daemon.ts';
import { HUNG } from '../../src/ops/watchdog/hung-loop.ts';

if (process.env.NO_SYNC === '1') {
  fs.fsyncSync = () => undefined;
  syncBuiltinESMExports();
  const file = await open(import.meta.filename);
  Object.getPrototypeOf(file).sync = async () => undefined;
  await file.close();
}
process.on('SIGUSR2', () => process.emit(HUNG as 'SIGUSR2', 'SIGUSR2'));

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'recording' }));
