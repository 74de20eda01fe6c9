/**
 * Degraded mode: storage has failed too often. The control socket answers and says why; no link is opened, the hub is not
 * connected, nothing is acknowledged. The store is tried once a minute; when it opens, the gateway goes on.
 */
import { Fault } from './base/fault.ts';
import type { Clock, OpenStore } from './ports.ts';

/** So many failures within ten minutes are no accident any more (`io/failure-log.ts`). */
export const FAILURES_MAX = 5;
const TRY_MS = 60_000;

export interface DegradedOptions {
  readonly clock: Clock;
  readonly openStore: OpenStore;
  readonly failed: (fault: Fault) => void;
  /** Somebody ends the process. */
  readonly ended: Promise<unknown>;
}

/** Resolves when the store has opened (and was closed again), or when the process is to end. */
export async function awaitStorage({ clock, openStore, failed, ended }: DegradedOptions): Promise<'well' | 'ended'> {
  for (;;) {
    const minute = new Promise<'minute'>((resolve) => clock.wakeAt(clock.nowMs() + TRY_MS, () => resolve('minute')));
    if ((await Promise.race([minute, ended])) !== 'minute') return 'ended';
    const fault = await tryStore(openStore);
    if (fault === undefined) return 'well';
    failed(fault);
  }
}

/** @returns why it does not open */
async function tryStore(openStore: OpenStore): Promise<Fault | undefined> {
  const silent = { committed: () => undefined, full: () => undefined, failed: () => undefined };
  try {
    const { store } = await openStore(silent);
    await store.close();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
