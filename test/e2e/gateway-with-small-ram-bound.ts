/**
 * The gateway with another limit of bytes that are in RAM only, read from the file `unstored-bytes-max` beside the
 * state folder. The journal contains the peak and each rejection.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  ({ gateway: { stateDir } }) => ({
    unstoredBytesMax: Number(readFileSync(join(stateDir, '../unstored-bytes-max'), 'utf8')),
  }),
  ({ stations, parts }) => {
    let peak = 0;
    parts.facts.on('uplinkAccepted', () => {
      if (stations.uplinks.unstoredBytes <= peak) return;
      peak = stations.uplinks.unstoredBytes;
      console.error(`unstored bytes ${peak}`);
    });
    let refusals = 0;
    parts.facts.on('uplinkRefused', ({ reason }) => {
      refusals += 1;
      console.error(`${reason} ${refusals}`);
    });
  },
);
