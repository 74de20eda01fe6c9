/** Owner of a WAL: the wrong answer sets acknowledged messages aside. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/custody/change.ts';
import { StoreCore } from '../../../../src/store/core.ts';
import { isWalOwn } from '../../../../src/store/repair/wal-owner.ts';
import { BOOT, row, storePath } from '../store-rig.ts';

const SECTOR_BYTES = 512;
const LOG_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 1024;
const FRAME_HEADER_AND_ID_BYTES = 24 + 72;

/** Large message, so that every commit takes new pages, and the first page counts them. */
function bigPut(seq: number): Change {
  return { kind: 'put', direction: 'uplink', row: row(seq, 1, { payload: new Uint8Array(900).fill(seq) }) };
}

/**
 * A database after a power cut, and its WAL with `commits` commits. The WAL was restarted in place: old frames follow
 * the new ones, also after a torn one.
 */
function cutStore(commits: number): string {
  const [living, path] = [storePath(), storePath()];
  const core = new StoreCore({ path: living, ...BOOT });
  for (let seq = 1; seq <= 40; seq += 1) core.commit([bigPut(seq)], 2000);
  core.checkpoint();
  for (let seq = 41; seq <= 40 + commits; seq += 1) core.commit([bigPut(seq)], 2000);
  copyFileSync(living, path);
  copyFileSync(`${living}-wal`, `${path}-wal`);
  core.database.close();
  return path;
}

/** Positions of the images of the first page, in the part of the WAL with the newest salts. */
function firstPagesIn(log: Buffer): number[] {
  const salts = log.subarray(16, 24);
  const found: number[] = [];
  for (let at = LOG_HEADER_BYTES; at + FRAME_BYTES <= log.length; at += FRAME_BYTES) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    if (log.readUInt32BE(at) === 1) found.push(at);
  }
  return found;
}

describe('a WAL', () => {
  it('belongs to its database if an image of its first page is torn, in any sector', () => {
    const path = cutStore(12);
    const whole = readFileSync(`${path}-wal`);
    const places = firstPagesIn(whole);
    expect(places.length).toBeGreaterThan(3);
    let tears = 0;
    for (const at of places) {
      // Frames before it are evaluated first: they contain other pages.
      for (
        let sector = Math.floor(at / SECTOR_BYTES);
        sector * SECTOR_BYTES < at + FRAME_HEADER_AND_ID_BYTES;
        sector += 1
      ) {
        const torn = Buffer.from(whole);
        for (const earlier of places) if (earlier < at) torn.writeUInt32BE(9, earlier);
        const from = Math.max(sector * SECTOR_BYTES, at + 24); // The header of the frame itself is new already.
        const to = Math.min((sector + 1) * SECTOR_BYTES, at + FRAME_BYTES);
        if (from >= to) continue;
        torn.fill(0x5a, from, to);
        writeFileSync(`${path}-wal`, torn);
        expect(isWalOwn(path)).toBe(true);
        tears += 1;
      }
    }
    expect(tears).toBeGreaterThan(3);
  });

  it('belongs to another database if a whole image of its first page says so', () => {
    const path = cutStore(12);
    const other = cutStore(12);
    expect(isWalOwn(path)).toBe(true);
    copyFileSync(`${other}-wal`, `${path}-wal`);
    expect(isWalOwn(path)).toBe(false);
  });

  it('belongs to its database if it is empty, cut short, garbage, or missing', () => {
    const path = cutStore(2);
    const whole = readFileSync(`${path}-wal`);
    for (const log of [Buffer.alloc(0), whole.subarray(0, 20), whole.subarray(0, 40), Buffer.alloc(5000, 0x37)]) {
      writeFileSync(`${path}-wal`, log);
      expect(isWalOwn(path)).toBe(true);
    }
    expect(isWalOwn(storePath())).toBe(true);
  });
});
