/** Starts the product's store in each folder below the given one, as a separate process, to be recorded. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StoreCore } from '../../src/store/core.ts';
import { STORE_FILE } from '../../src/store/state-files.ts';

const root = process.argv.at(-1) ?? '';
for (const folder of readdirSync(root)) {
  const core = new StoreCore({ path: join(root, folder, STORE_FILE), bootId: 'the next boot', upMs: 2000 });
  core.close(2001);
}
