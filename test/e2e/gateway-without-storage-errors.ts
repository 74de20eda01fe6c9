/**
 * The gateway that does not hear bad news from its store, for the negative controls of the full and the failing disk: what
 * found no room, and everything after a failure, is acknowledged as if it had been written.
 */
import type { OpenStore } from '../../src/ports.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

function deaf(open: OpenStore): OpenStore {
  return async ({ committed }) => {
    let running: number | undefined;
    let hasFailed = false;
    const { store, opening } = await open({
      committed,
      full: committed,
      failed: () => {
        hasFailed = true;
        if (running !== undefined) committed(running);
      },
    });
    return {
      opening,
      store: {
        ...store,
        commit: (batch, changes) => {
          running = batch;
          if (hasFailed) committed(batch);
          else store.commit(batch, changes);
        },
      },
    };
  };
}

await runAlteredGateway((path) => deaf(storeThread(path, 'one boot')));
