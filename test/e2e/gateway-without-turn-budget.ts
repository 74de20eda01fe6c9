/** The gateway without the budget of a turn: it reads a line for as long as there are bytes. */
import { openTty } from '../../src/io/serial/tty.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

const LIMITS = { openMsMax: 5000, closeMsMax: 2000, queuedBytesMax: 256 * 1024 };

await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  () => ({ openLink: (link) => openTty({ ...link, ...LIMITS, readsPerTurn: Number.POSITIVE_INFINITY }) }),
);
