/** The gateway that overlooks DUP: what the hub sends again looks like any other message. */
import { storeThread } from '../../src/store/thread.ts';
import { overlookDup } from '../sim/planted.ts';
import { runAlteredGateway } from './altered-gateway.ts';

await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  () => ({}),
  overlookDup,
);
