/**
 * The gateway with its safety taken out, for the negative control of the crash tests: the same parts, but a commit is
 * reported before it is made, and made a little later, as if the disk had a cache that forgets. Whoever kills this one
 * must see acknowledged messages lost; a test that does not notice proves nothing.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFacts } from '../../src/base/events.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Change } from '../../src/custody/change.ts';
import { Mailbox } from '../../src/flow/mailbox.ts';
import { openGateway } from '../../src/gateway.ts';
import { systemClock } from '../../src/io/clock.ts';
import { openTcp } from '../../src/io/tcp.ts';
import { openTty } from '../../src/io/tty.ts';
import { startControl } from '../../src/ops/control.ts';
import { Inspector } from '../../src/ops/inspect.ts';
import type { OpenStore, Store, StoreListener } from '../../src/ports.ts';
import { STORE_FILE } from '../../src/store/file.ts';
import { storeThread } from '../../src/store/thread.ts';

/** How long a commit stays in the cache that a crash empties. */
const FORGETFUL_MS = 300;

interface Cached {
  readonly batch: number;
  readonly changes: readonly Change[];
}

/** Says `committed` at once. What is read has been written, so that nothing but a crash shows the difference. */
function forgetful(open: OpenStore): OpenStore {
  return async (listener: StoreListener) => {
    const { store, opening } = await open({ ...listener, committed: () => undefined });
    const cached: Cached[] = [];
    const flush = (): void => {
      for (const { batch, changes } of cached.splice(0)) store.commit(batch, changes);
    };
    const commit = (batch: number, changes: readonly Change[]): void => {
      if (cached.length === 0) setTimeout(flush, FORGETFUL_MS);
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
      peek: (direction, limit) => read(() => store.peek(direction, limit)),
      close: () => read(() => store.close()),
    };
    return { store: unsafe, opening };
  };
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

const configPath = process.argv.at(-1) ?? '';
const parsed = parseConfig(readFileSync(configPath, 'utf8'));
if (!parsed.ok) fail(parsed.problems);
const { config } = parsed;
const { clientId, host, port, connectMsMax } = config.hub;
mkdirSync(config.gateway.stateDir, { recursive: true });
const storePath = join(config.gateway.stateDir, STORE_FILE);
const gateway = await openGateway({
  config,
  clock: systemClock(),
  random: Math.random,
  facts: newFacts(),
  mailbox: new Mailbox(fail),
  openStore: forgetful(storeThread(storePath, 'one boot')),
  openHub: openTcp({ host, port, openMsMax: connectMsMax, closeMsMax: 2000 }),
  openLink: (link) => openTty({ ...link, openMsMax: 5000, closeMsMax: 2000, queuedBytesMax: 256 * 1024 }),
  credentials: () => ({ clientId, username: undefined, password: undefined }),
  onStoreFailed: fail,
});
const inspection = new Inspector({ gateway, version: 'unsafe', storePath });
await startControl({ socketPath: config.gateway.controlSocket, inspection });
gateway.start();
