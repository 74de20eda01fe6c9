/** A restored backup: verified first, whole or not at all, and safe to run after all that happened since. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RESTORED } from '../../../../src/base/restored-words.ts';
import { SEQ_BLOCK } from '../../../../src/custody/sequence.ts';
import { openDatabase } from '../../../../src/store/database.ts';
import { STORE_FILE } from '../../../../src/store/state-files.ts';
import { openStore, put, settle, tamper } from '../store-rig.ts';
import { backupOf, CHANGES, copyOf, newFolder, openedIn, restore, stateWith } from './backup-rig.ts';

/** A store, its backup, and what has happened to the store since: all delivered, two more uplinks, a new start. */
async function withHistory(): Promise<{ readonly stateDir: string; readonly file: string; readonly usedTo: number }> {
  const stateDir = await stateWith();
  const file = backupOf(stateDir);
  const later = openStore(join(stateDir, STORE_FILE));
  const first = later.opening.nextSeq.uplink;
  later.commit(settle(1), settle(2), settle(3), put(first), put(first + 1));
  later.commit({ kind: 'topicId', lane: 1, topicId: 6, topic: 'humidity' });
  await later.store.close();
  return { stateDir, file, usedTo: first + 1 };
}

describe('a restored store', () => {
  it('has the content of the backup, and the previous store is kept whole', async () => {
    const { stateDir, file } = await withHistory();
    const restored = await restore(stateDir, file);
    expect(restored).toMatchObject({
      content: { uplinks: 3, downlinks: 2, deadLetters: 0, subdevices: 1 },
      dropped: 0,
    });
    expect(openedIn(stateDir)).toMatchObject({ uplinks: [1, 2, 3], downlinks: [1, 2] });
    expect(restored.replaced).toBe(join(stateDir, 'replaced', '1'));
    expect(openedIn(restored.replaced ?? '').uplinks).toHaveLength(2);
    expect(readdirSync(stateDir)).not.toEqual(expect.arrayContaining(['restoring', 'restore-stage']));
  });

  it('says so once, as a loss of unknown size, and reports no other damage', async () => {
    const { stateDir, file } = await withHistory();
    await restore(stateDir, file);
    const { opening } = openedIn(stateDir);
    const sentence = `${RESTORED} 2026-07-01 12:00:00 UTC by anna: messages accepted after it are not in it, and messages delivered after it may be sent again`;
    expect(opening).toMatchObject({
      recovery: [sentence],
      losses: [{ messages: 0, unknown: sentence }],
      isDamaged: false,
    });
    const again = openedIn(stateDir).opening;
    expect(again).toMatchObject({ recovery: [], losses: [{ unknown: sentence }], isDamaged: false });
  });

  it('uses no message number that can have been used since the backup', async () => {
    const { stateDir, file, usedTo } = await withHistory();
    await restore(stateDir, file);
    const { nextSeq } = openedIn(stateDir).opening;
    expect(nextSeq.uplink).toBeGreaterThan(usedTo + 1000 * SEQ_BLOCK); // a thousand more starts would be safe too
    expect(nextSeq.downlink).toBeGreaterThan(1000 * SEQ_BLOCK);
    expect(nextSeq.uplink).toBeLessThan(2 ** 40);
  });

  it('uses no topic id of the backup, and none that can have been assigned since', async () => {
    const { stateDir, file } = await withHistory();
    await restore(stateDir, file);
    const ids = openedIn(stateDir).opening.topicIds.map(({ topicId }) => topicId);
    const kept = ids.filter((id) => id < 0x8000);
    const others = ids.filter((id) => id >= 0x8000);
    expect(Math.min(...kept)).toBeGreaterThan(5 + 256);
    expect(Math.min(...others)).toBeGreaterThan(0x8003 + 256);
    expect(openedIn(stateDir).opening.topicIds.map(({ topic }) => topic)).not.toContain('temperature');
  });

  it('subscribes to every filter again, and takes the gateway for connected until now', async () => {
    const { stateDir, file } = await withHistory();
    await restore(stateDir, file);
    const { grantedFilters, hubSession, subscriptions } = openedIn(stateDir).opening;
    expect(grantedFilters).toEqual([]);
    expect(hubSession).toMatchObject({ expected: true, connected: true });
    expect(subscriptions).toHaveLength(1);
  });

  it('has no downlinks on request, and the ledger counts them', async () => {
    const { stateDir, file } = await withHistory();
    expect(await restore(stateDir, file, { dropsDownlinks: true })).toMatchObject({ dropped: 2 });
    const { opening, downlinks } = openedIn(stateDir);
    expect(downlinks).toEqual([]);
    const counts = opening.counts.find(({ direction }) => direction === 'downlink')?.counts;
    expect(counts).toMatchObject({ accepted: 2, delivered: 0, shed: { 'dropped by hand': 2 } });
  });

  it('can be restored a second time, onto an empty directory too', async () => {
    const { stateDir, file } = await withHistory();
    await restore(stateDir, file);
    expect((await restore(stateDir, file)).replaced).toBe(join(stateDir, 'replaced', '2'));
    const empty = newFolder();
    expect((await restore(empty, file)).replaced).toBeNull();
    expect(openedIn(empty)).toMatchObject({ uplinks: [1, 2, 3], opening: { isDamaged: false } });
  });

  it('replaces a store that cannot be read', async () => {
    const { stateDir, file } = await withHistory();
    writeFileSync(join(stateDir, STORE_FILE), 'no database'.repeat(1000));
    const { replaced } = await restore(stateDir, file);
    expect(openedIn(stateDir).uplinks).toEqual([1, 2, 3]);
    expect(readFileSync(join(replaced ?? '', STORE_FILE), 'utf8')).toContain('no database');
  });
});

it('negative control: a plain copy of the backup file uses numbers and topic ids again', async () => {
  const { file, usedTo } = await withHistory();
  const stateDir = newFolder();
  writeFileSync(join(stateDir, STORE_FILE), readFileSync(file));
  const { opening } = openedIn(stateDir);
  expect(opening.nextSeq.uplink).toBeLessThanOrEqual(usedTo);
  expect(opening.topicIds.map(({ topicId }) => topicId)).toContain(5);
});

describe('a file that is no sound backup is refused, and nothing is changed', () => {
  const cases: readonly (readonly [name: string, spoil: (file: string) => void, text: RegExp])[] = [
    ['a flipped bit in a payload', (file) => flip(file, Uint8Array.of(1, 2, 3)), /1 messages have a wrong checksum/],
    ['a flipped bit in a session', (file) => flip(file, new TextEncoder().encode('temperature')), /topic_id/],
    ['half a file', (file) => truncateSync(file, 20_000), /is damaged/],
    ['another file', (file) => writeFileSync(file, 'no database'.repeat(500)), /is damaged, or is no backup/],
    ['an empty file', (file) => truncateSync(file, 0), /is no backup/],
    ['a store that is no backup', (file) => tamper(file, 'DROP TABLE backup_note'), /no valid note of a backup/],
    [
      'a note that was changed',
      (file) => tamper(file, "UPDATE backup_note SET text = '{}'"),
      /no valid note of a backup/,
    ],
    ['a missing message', (file) => tamper(file, 'DELETE FROM outbox WHERE seq = 2'), /the ledger does not balance/],
    ['a newer schema', (file) => tamper(file, 'PRAGMA user_version = 999'), /written by a newer version/],
  ];

  it.each(cases)('%s', async (_name, spoil, text) => {
    const { stateDir, file } = await withHistory();
    const spoilt = copyOf(file);
    spoil(spoilt);
    const before = filesIn(stateDir);
    await expect(restore(stateDir, spoilt)).rejects.toThrow(text);
    expect(filesIn(stateDir)).toEqual(before);
    expect(openedIn(stateDir).uplinks).toHaveLength(2);
  });

  it('and the same file without the change is restored', async () => {
    const { stateDir, file } = await withHistory();
    await restore(stateDir, copyOf(file));
    expect(openedIn(stateDir).uplinks).toEqual([1, 2, 3]);
  });
});

it('a restore that is refused after the verification changes nothing', async () => {
  const { stateDir, file } = await withHistory();
  const refuse = (): never => {
    throw new Error('not wanted');
  };
  await expect(restore(stateDir, file, { verified: refuse })).rejects.toThrow('not wanted');
  expect(existsSync(join(stateDir, 'replaced'))).toBe(false);
  expect(openedIn(stateDir).uplinks).toHaveLength(2);
});

it('the store of a running gateway is neither replaced nor copied as the store of a stopped one', async () => {
  const { stateDir, file } = await withHistory();
  const running = openDatabase(join(stateDir, STORE_FILE));
  await expect(restore(stateDir, file)).rejects.toMatchObject({ code: 'store-locked' });
  expect(() => backupOf(stateDir)).toThrow(expect.objectContaining({ code: 'store-locked' }));
  running.close();
  await restore(stateDir, file);
  expect(CHANGES.length).toBeGreaterThan(0);
});

/** Flips a bit of the first byte of `bytes` within the file. */
function flip(file: string, bytes: Uint8Array): void {
  const content = readFileSync(file);
  const at = content.indexOf(bytes);
  content[at] = (content[at] ?? 0) ^ 1;
  writeFileSync(file, content);
}

/** Names in the folder without the files that SQLite creates for a reader. */
function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name));
}
