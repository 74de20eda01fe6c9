/**
 * The gateway without a safety, for the negative control of the crash tests: the same parts, but a commit is reported
 * before it is made, and made at the next read, like a disk with a volatile cache. A kill of this gateway must lose
 * acknowledged messages, uplinks and downlinks; a test that does not detect it proves nothing.
 */
import type { Change } from '../../src/custody/change.ts';
import type { OpenStore, Store, StoreListener } from '../../src/ports.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

interface Cached {
  readonly batch: number;
  readonly changes: readonly Change[];
}

/** Reports `committed` at once. A read writes first, so that only a crash shows the difference. */
function forgetful(open: OpenStore): OpenStore {
  return async (listener: StoreListener) => {
    const { store, opening } = await open({ ...listener, committed: () => undefined });
    const cached: Cached[] = [];
    const flush = (): void => {
      for (const { batch, changes } of cached.splice(0)) store.commit(batch, changes);
    };
    const commit = (batch: number, changes: readonly Change[]): void => {
      cached.push({ batch, changes });
      listener.committed(batch);
    };
    const read = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
      flush();
      return await ask();
    };
    const unsafe: Store = {
      commit,
      page: (request) => read(() => store.page(request)),
      tally: () => read(() => store.tally()),
      letters: (request) => store.letters(request),
      history: (request) => read(() => store.history(request)),
      still: (request) => store.still(request),
      messages: (request) => read(() => store.messages(request)),
      close: () => read(() => store.close()),
    };
    return { store: unsafe, opening };
  };
}

await runAlteredGateway((path) => forgetful(storeThread(path, 'one boot')));
