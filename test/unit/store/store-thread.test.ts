import { describe, expect, it } from 'vitest';
import type { StoreListener } from '../../../src/ports.ts';
import { storeThread } from '../../../src/store/thread.ts';
import { openStore, put, row, settle, storePath } from './store-rig.ts';

function listen(): {
  readonly listener: StoreListener;
  readonly committed: (batch: number) => Promise<void>;
  readonly failures: string[];
} {
  const waiting = new Map<number, () => void>();
  const done: number[] = [];
  const failures: string[] = [];
  return {
    failures,
    listener: {
      committed: (batch) => {
        done.push(batch);
        waiting.get(batch)?.();
      },
      full: (batch) => failures.push(`full ${batch}`),
      failed: (reason) => failures.push(reason),
    },
    committed: (batch) =>
      new Promise((resolve) => {
        if (done.includes(batch)) resolve();
        else waiting.set(batch, resolve);
      }),
  };
}

describe('the store in its thread', () => {
  it('commits, gives receipts, reads back and closes', async () => {
    const path = storePath();
    const { listener, committed, failures } = listen();
    const { store, opening } = await storeThread(path, 'boot')(listener);
    expect(opening.now.epoch).toBe(1);
    store.commit(1, [put(1), put(2)]);
    store.commit(2, [settle(1)]);
    await committed(2);
    const page = await store.page({ direction: 'uplink', lanes: new Map([[1, { from: 0, rows: 9 }]]), limit: 9 });
    expect(page.rows).toEqual([row(2)]);
    expect((await store.tally()).counts).toMatchObject([{ lane: 1, counts: { accepted: 2, delivered: 1 } }]);
    await store.close();
    expect(failures).toEqual([]);
    expect(openStore(path).opening.backlog).toMatchObject([{ rows: 1 }]);
  });

  it('answers in the order of the requests: a page requested after a commit contains its rows', async () => {
    const { store } = await storeThread(storePath(), 'boot')(listen().listener);
    store.commit(1, [put(1)]);
    const page = store.page({ direction: 'uplink', lanes: new Map([[1, { from: 0, rows: 9 }]]), limit: 9 });
    store.commit(2, [put(2)]);
    expect((await page).rows.map(({ seq }) => seq)).toEqual([1]);
    await store.close();
  });

  it('counts its answers while a request waits, and shows nothing while none waits', async () => {
    const { listener, committed } = listen();
    const { store } = await storeThread(storePath(), 'boot')(listener);
    expect(store.progress?.()).toBeUndefined();
    store.commit(1, [put(1)]);
    const tally = store.tally();
    expect(store.progress?.()).toEqual({ answers: 0, isLong: false });
    await committed(1);
    expect(store.progress?.()).toEqual({ answers: 1, isLong: true });
    await tally;
    expect(store.progress?.()).toBeUndefined();
    await store.close();
  });

  it('reports the reason if it cannot open', async () => {
    const path = storePath();
    const holder = openStore(path);
    await expect(storeThread(path, 'boot')(listen().listener)).rejects.toMatchObject({ code: 'store-locked' });
    await holder.store.close();
    const nowhere = storeThread('/proc/nowhere/holdfast.db', 'boot')(listen().listener);
    await expect(nowhere).rejects.toMatchObject({ code: 'store-failed' });
  });

  it('reports a failed commit, and makes none after it', async () => {
    const { listener, failures } = listen();
    const { store } = await storeThread(storePath(), 'boot')(listener);
    store.commit(1, [put(1)]);
    store.commit(2, [put(1)]);
    await expect.poll(() => failures.length, { timeout: 120_000 }).toBe(1);
  });
});
