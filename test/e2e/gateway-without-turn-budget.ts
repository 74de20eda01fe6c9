/** The gateway without the budget of a turn: it reads a line for as long as there are bytes. */
import { openTty } from '../../src/io/serial/tty.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

const LIMITS = { openMsMax: 5000, closeMsMax: 2000, queuedBytesMax: 256 * 1024 };

/** Reads a line until it is empty. */
const GREEDY = {
  join: (read: () => number) => ({
    ask: () => {
      while (read() > 0);
    },
  }),
};

await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  () => ({ openLink: (link) => openTty({ ...link, ...LIMITS, turns: GREEDY }) }),
);
