/** The gateway with a store that moves its log into the database after a few commits, which the product does after 4 MB. */
import { dirname, join } from 'node:path';
import { RESERVE_FILE } from '../../src/store/file.ts';
import { runAlteredGateway } from '../e2e/altered-gateway.ts';
import { nearStore } from './near-store.ts';

/** Two or three commits of the traffic of a test. */
const CHECKPOINT_PAGES = 6;

await runAlteredGateway((path) =>
  nearStore({ path, reservePath: join(dirname(path), RESERVE_FILE), checkpointPages: CHECKPOINT_PAGES }),
);
