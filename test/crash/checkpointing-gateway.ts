/**
 * The gateway with a store that moves its WAL into the database after a few commits; the product does so after 4 MB.
 * Commits are recorded.
 */
import { dirname, join } from 'node:path';
import { RESERVE_FILE } from '../../src/store/state-files.ts';
import { runAlteredGateway } from '../e2e/altered-gateway.ts';
import { COMMITS_FILE, notingCommits } from './commit-log.ts';
import { nearStore } from './near-store.ts';

/** Two or three commits of the traffic of a test. */
const CHECKPOINT_PAGES = 6;

await runAlteredGateway((path) => {
  const reservePath = join(dirname(path), RESERVE_FILE);
  const store = nearStore({ path, reservePath, checkpointPages: CHECKPOINT_PAGES });
  return notingCommits(store, join(dirname(path), '..', COMMITS_FILE));
});
