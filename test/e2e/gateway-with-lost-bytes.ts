/** A gateway whose kernel reports lost and damaged bytes on every port, as the driver of a real UART does. */
import { ReadTurns } from '../../src/io/serial/read-turns.ts';
import { openTty } from '../../src/io/serial/tty.ts';
import type { LineErrors, OpenChannel } from '../../src/ports.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

const ERRORS: LineErrors = { framing: 3, parity: 0, overruns: 12, bufferOverruns: 40, breaks: 1 };
const LIMITS = { openMsMax: 5000, closeMsMax: 2000, queuedBytesMax: 256 * 1024 };

const turns = new ReadTurns();

await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  () => ({
    openLink: (link): OpenChannel => {
      const open = openTty({ ...link, turns, ...LIMITS });
      return (listener) => Object.assign(open(listener), { lineErrors: () => ERRORS });
    },
  }),
);
