/**
 * Files of a store as a damaged card returns them: copied from the disk, changed, opened again and read to the end.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { retaining } from '../../../../src/base/message.ts';
import type { Change } from '../../../../src/custody/change.ts';
import { imbalance, settledTotal } from '../../../../src/custody/ledger.ts';
import { StoreCore } from '../../../../src/store/core.ts';
import { readCounts, readPage, readTally } from '../../../../src/store/reader.ts';
import { BenchDisk, custodianOn } from '../../custody/custody-rig.ts';
import { row } from '../store-rig.ts';

const BOOT = { bootId: 'boot-1', upMs: 1000 };
const SUFFIXES = ['', '-wal', '-highwater'] as const;
export const LANES = 3;

export type Suffix = (typeof SUFFIXES)[number];
export type Image = ReadonlyMap<Suffix, Buffer>;

/** Part of every payload, so that rows can be found in a file. */
export const MARKER = 'holdfast-row-';

export function payloadOf(seq: number): Uint8Array {
  return new TextEncoder().encode(`${MARKER}${String(seq).padStart(6, '0')}`);
}

/** Puts of the messages `from` … `to`, lane by lane in turn. */
export function puts(from: number, to: number): Change[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return {
      kind: 'put',
      direction: 'uplink',
      row: row(seq, 1 + (seq % LANES), { payload: payloadOf(seq), ...retaining(seq % 2 === 0) }),
    };
  });
}

/** Content of the disk after `write`; `isClosed`: after a clean stop, otherwise as after a power cut. */
export function imageOf(write: (core: StoreCore, path: string) => void, isClosed: boolean): Image {
  return inFolder((path) => {
    const core = new StoreCore({ path, ...BOOT });
    write(core, path);
    if (isClosed) core.close(2000);
    const image = new Map<Suffix, Buffer>();
    for (const suffix of SUFFIXES) if (existsSync(path + suffix)) image.set(suffix, readFileSync(path + suffix));
    if (!isClosed) core.close(2000);
    return image;
  });
}

export interface ReadBack {
  /** Messages that would be passed on, by number. */
  readonly payloads: ReadonlyMap<number, string>;
  /** Value in the ledger after all rows were read. */
  readonly damaged: number;
  readonly settled: number;
  readonly balances: boolean;
  readonly recovery: readonly string[];
  /** True if an unknown number of messages may be missing. */
  readonly isUnknown: boolean;
}

/** Opens the image and reads it to the end; `undefined`: the store reports that it cannot be opened. */
export function readBack(image: Image): ReadBack | undefined {
  return inFolder((path) => {
    for (const [suffix, bytes] of image) writeFileSync(path + suffix, bytes);
    try {
      return readFolder(path);
    } catch (error) {
      const isLoud = error instanceof Error && (error.name === 'Fault' || error.name === 'SqliteError');
      if (!isLoud) throw error;
      return undefined;
    }
  });
}

/** Same as `readBack`, of files that stay. */
export function readFolder(path: string): ReadBack {
  return readAll(new StoreCore({ path, ...BOOT, upMs: 3000 }));
}

function readAll(core: StoreCore): ReadBack {
  const { backlog, counts, nextSeq, recovery, losses } = core.opening;
  const disk = new BenchDisk();
  const custodian = custodianOn(disk, { windowMax: 1000, backlog, counts, nextSeq: nextSeq.uplink });
  for (let wanted = custodian.wanted(); wanted.size > 0; wanted = custodian.wanted())
    custodian.loaded(wanted, readPage(core.database, { direction: 'uplink', lanes: wanted, limit: 16 }));
  core.commit(disk.lazyChanges as Change[], 3000);
  const ledger = readCounts(core.database);
  const { rows } = readTally(core.database);
  const rowsOf = (lane: number): number => rows.find((one) => one.lane === lane)?.rows ?? 0;
  const payloads = new Map<number, string>();
  for (const { window } of custodian.lanes())
    for (const entry of window) payloads.set(entry.row.seq, Buffer.from(entry.row.payload).toString());
  const read = {
    payloads,
    damaged: ledger.reduce((sum, lane) => sum + lane.counts.damaged, 0),
    settled: ledger.reduce((sum, lane) => sum + settledTotal(lane.counts), 0),
    balances: ledger.every((lane) => imbalance(lane.counts, rowsOf(lane.lane)) === 0),
    recovery,
    isUnknown: losses.some(({ unknown }) => unknown !== undefined),
  };
  core.close(4000);
  return read;
}

export function flipped(bytes: Buffer, position: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ (1 << bit);
  return copy;
}

/** Runs with the path of a store in a temporary folder. */
export function inFolder<T>(use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-rot-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let used: T | undefined;
  try {
    used = use(join(folder, 'holdfast.db'));
    return used;
  } finally {
    if (used instanceof Promise) void used.then(remove, remove);
    else remove();
  }
}
