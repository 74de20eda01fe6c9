/**
 * The gateway that ignores errors of its store, for the negative controls of the full and the failing disk: messages
 * without room, and everything after a failure, are acknowledged as if they were written.
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
