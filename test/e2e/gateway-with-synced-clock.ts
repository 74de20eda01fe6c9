/** A gateway whose time service is the file named by `SYNCED_FILE`, so that its clock is trusted on any machine. */
import { timesyncd } from '../../src/io/time-service.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

const file = process.env.SYNCED_FILE;
if (file === undefined) throw new Error('SYNCED_FILE is not set');
await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  () => ({ timeService: timesyncd(file) }),
);
