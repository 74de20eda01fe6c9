/** The database file during a copy: still while commits go on, and known to be unusable when it had to change. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { verifyStore } from '../../../src/store/backup/verify-store.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { newFolder } from './backup/backup-rig.ts';
import { openStore, put, storePath } from './store-rig.ts';

/** Pages in the WAL that start a checkpoint. */
const CHECKPOINT_PAGES = 20;

function openSmall() {
  const path = storePath();
  const opened = openStore(path, { checkpointPages: CHECKPOINT_PAGES });
  let seq = 0;
  const commit = (): void => {
    seq += 1;
    const change: Change = put(seq);
    opened.commit(change);
  };
  return { path, commit, store: opened.store, events: opened.events, sent: () => seq };
}

function messagesIn(path: string): number {
  const copy = join(newFolder(), 'holdfast.db');
  copyFileSync(path, copy);
  const database = openDatabase(copy);
  const { problems, content } = verifyStore(database);
  database.close();
  expect(problems).toEqual([]);
  return content.uplinks;
}

describe('a database file that is kept still', () => {
  it('does not change while commits go on, and is the store of the moment of the request', async () => {
    const { path, commit, store, sent } = openSmall();
    for (let count = 0; count < 30; count += 1) commit();
    const { turn, isStill } = await store.still({ step: 'begin', turn: 0 });
    expect(isStill).toBe(true);
    const before = readFileSync(path);
    const atBegin = sent();
    for (let count = 0; count < 30; count += 1) commit(); // each writes several pages: more than a usual checkpoint
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(messagesIn(path)).toBe(atBegin);
    expect(await store.still({ step: 'keep', turn })).toMatchObject({ turn, isStill: true });
    expect(await store.still({ step: 'end', turn })).toMatchObject({ turn, isStill: true });
    await store.close();
  });

  it('changes when the WAL has no more room, because commits come first; the reader learns it', async () => {
    const { path, commit, store, events } = openSmall();
    commit();
    const { turn } = await store.still({ step: 'begin', turn: 0 });
    const before = readFileSync(path);
    for (let count = 0; count < 200; count += 1) commit();
    expect(readFileSync(path).equals(before)).toBe(false);
    expect(await store.still({ step: 'keep', turn })).toMatchObject({ isStill: false });
    expect(await store.still({ step: 'end', turn })).toMatchObject({ isStill: false });
    expect(events).toHaveLength(201);
    await store.close();
  });

  it('changes after the end of the copy as before it', async () => {
    const { path, commit, store } = openSmall();
    commit();
    const { turn } = await store.still({ step: 'begin', turn: 0 });
    await store.still({ step: 'end', turn });
    const before = readFileSync(path);
    for (let count = 0; count < 30; count += 1) commit();
    expect(readFileSync(path).equals(before)).toBe(false);
    await store.close();
  });
});

it('negative control: without the request the file changes within as many commits', async () => {
  const { path, commit, store } = openSmall();
  for (let count = 0; count < 30; count += 1) commit();
  const before = readFileSync(path);
  for (let count = 0; count < 30; count += 1) commit();
  expect(readFileSync(path).equals(before)).toBe(false);
  await store.close();
});
