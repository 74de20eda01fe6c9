/** The product's own `run` on a medium that fails each sync below `state_dir/configuration`; the store is not concerned. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { runGateway } from '../../src/daemon.ts';

const { fsyncSync } = fs;
fs.fsyncSync = (file) => {
  if (!fs.readlinkSync(`/proc/self/fd/${file}`).includes('/state/configuration')) return fsyncSync(file);
  throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
};
syncBuiltinESMExports();

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'failing' }));
