/**
 * The write-ahead log is bounded: by its checkpoints, and on a full disk, where these fail, by rejecting messages.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Change } from '../../src/custody/change.ts';
import { PAGE_BYTES } from '../../src/store/database.ts';
import { openStore, put, row, settle, storePath } from '../unit/store/store-rig.ts';
import { SmallDisk, whyNoMount } from './small-disk.ts';

const CHECKPOINT_PAGES = 200;
/** Size of a page and its header in the WAL (SQLite file format §4.2). */
const FRAME_BYTES = PAGE_BYTES + 24;
/** Largest number of pages that one commit here adds to the WAL. */
const COMMIT_PAGES = 40;
const CHUNK_BYTES = 64 * 1024;
const UNMOUNTABLE = whyNoMount('tmpfs') !== undefined;

function large(seq: number): Change {
  return { kind: 'put', direction: 'uplink', row: row(seq, 1, { payload: new Uint8Array(800) }) };
}

/** @returns largest length of the WAL, in pages */
function runLong(checkpointPages: number): number {
  const path = storePath();
  const { commit } = openStore(path, { checkpointPages });
  let longest = 0;
  for (let seq = 1; seq < 8000; seq += 8) {
    const puts = Array.from({ length: 8 }, (_, index) => put(seq + index));
    const settled = seq > 800 ? Array.from({ length: 8 }, (_, index) => settle(seq - 800 + index)) : [];
    commit(...puts, ...settled);
    longest = Math.max(longest, logPages(path));
  }
  console.log(`the WAL at its longest: ${longest} pages`);
  return longest;
}

/** Commits on a full disk of which a little becomes free repeatedly. */
function runOnFullDisk(checkpointPages: number): number {
  const folder = mkdtempSync('/var/tmp/holdfast-log-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const disk = new SmallDisk(join(folder, 'disk'), 12);
  const path = join(disk.path, 'holdfast.db');
  const { commit, events, store } = openStore(path, { checkpointPages });
  onTestFinished(() => store.close());
  for (let chunk = 0; disk.freeBytes > 2 * CHUNK_BYTES; chunk += 1)
    writeFileSync(join(disk.path, `chunk-${chunk}`), new Uint8Array(CHUNK_BYTES));
  let longest = 0;
  for (let seq = 1; ; seq += 1) {
    commit(large(seq));
    longest = Math.max(longest, logPages(path));
    if (!String(events.at(-1)).startsWith('full')) continue;
    const chunk = readdirSync(disk.path).find((name) => name.startsWith('chunk-'));
    if (chunk === undefined) {
      console.log(`the WAL at its longest, on a full disk: ${longest} pages`);
      return longest;
    }
    rmSync(join(disk.path, chunk));
  }
}

function logPages(path: string): number {
  return Math.floor(statSync(`${path}-wal`).size / FRAME_BYTES);
}

it('a long run of commits never makes the WAL longer than a checkpoint and a commit', () => {
  expect(runLong(CHECKPOINT_PAGES)).toBeLessThanOrEqual(CHECKPOINT_PAGES + COMMIT_PAGES);
});

it('negative control: without checkpoints the WAL grows with every commit', () => {
  expect(runLong(Number.POSITIVE_INFINITY)).toBeGreaterThan(10 * CHECKPOINT_PAGES);
});

it.skipIf(UNMOUNTABLE)(
  'checkpoints that fail because the disk is full let the WAL grow to twice that, and no further',
  () => {
    const longest = runOnFullDisk(CHECKPOINT_PAGES);
    expect(longest).toBeGreaterThan(CHECKPOINT_PAGES + COMMIT_PAGES);
    expect(longest).toBeLessThanOrEqual(2 * CHECKPOINT_PAGES + COMMIT_PAGES);
  },
);

it.skipIf(UNMOUNTABLE)('negative control: without that limit the WAL fills the disk', () => {
  expect(runOnFullDisk(Number.POSITIVE_INFINITY)).toBeGreaterThan(10 * CHECKPOINT_PAGES);
});
