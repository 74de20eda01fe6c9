/** Reads the store of a gateway that does not run, without writing to it: what the next start will find is told now. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { laneWords, ownerOf } from '../custody/lane-number.ts';
import { addCounts, ZERO } from '../custody/ledger.ts';
import type { LetterPage, LetterRequest } from '../custody/letter.ts';
import type { LaneCounts } from '../custody/row.ts';
import { ledgerId } from './change-writer.ts';
import { type Database, faultOf, openReadOnly } from './database.ts';
import { STORE_FILE } from './file.ts';
import { readLetters } from './letters.ts';
import { findBroken, tellBroken } from './mending.ts';
import { readSubdevices, readTally } from './reader.ts';
import { holdAgainstMark, type Loss } from './witness.ts';

export interface OfflineLane extends LaneCounts {
  readonly subdevice: string;
  /** Rows really counted. */
  readonly pending: number;
}

export interface OfflineStore {
  readonly path: string;
  readonly bytes: number;
  readonly walBytes: number;
  readonly lanes: readonly OfflineLane[];
  /** What the medium has damaged or lost, one sentence each. */
  readonly findings: readonly string[];
}

/** @returns `undefined` where there is no store; @throws Fault, `store-locked` while a gateway runs */
export async function readStoreOffline(stateDir: string): Promise<OfflineStore | undefined> {
  const path = join(stateDir, STORE_FILE);
  if (!existsSync(path)) return undefined;
  const database = openReadOnly(path);
  try {
    const broken = findBroken(database);
    const { losses, sentences } = holdAgainstMark(database, path, !broken.has('ledger'));
    return {
      path,
      bytes: sizeOf(path),
      walBytes: sizeOf(`${path}-wal`),
      lanes: readLanes(database, losses, !broken.has('ledger')),
      findings: [...tellBroken(broken), ...sentences],
    };
  } catch (error) {
    throw faultOf(error, path);
  } finally {
    database.close();
  }
}

export interface OfflineLetters {
  readonly page: LetterPage;
  readonly nameOf: (lane: number) => string;
}

/** As `readStoreOffline`. */
export async function readLettersOffline(
  stateDir: string,
  request: LetterRequest,
): Promise<OfflineLetters | undefined> {
  const path = join(stateDir, STORE_FILE);
  if (!existsSync(path)) return undefined;
  const database = openReadOnly(path);
  try {
    const names = new Map(readSubdevices(database).map((row) => [row.lane, row.id]));
    return { page: readLetters(database, request), nameOf: (lane) => names.get(ownerOf(lane)) ?? '(nobody)' };
  } catch (error) {
    throw faultOf(error, path);
  } finally {
    database.close();
  }
}

/** As the next opening will have them: with what the high-water mark misses, and with new lines for damaged ones. */
function readLanes(database: Database, losses: readonly Loss[], hasBooks: boolean): OfflineLane[] {
  const names = new Map(readSubdevices(database).map((row) => [row.lane, row.id]));
  const tally = readTally(database);
  const lanes = new Map<number, OfflineLane>();
  const enter = (id: number, change: (lane: OfflineLane) => Partial<OfflineLane>): void => {
    const lane = Math.floor(id / 2);
    const direction = id % 2 === 0 ? 'uplink' : 'downlink';
    const known = lanes.get(id) ?? {
      direction,
      lane,
      counts: ZERO,
      pending: 0,
      subdevice: laneWords(lane, names.get(ownerOf(lane)) ?? '(nobody)'),
    };
    lanes.set(id, { ...known, ...change(known) });
  };
  for (const { direction, lane, counts } of tally.counts) enter(ledgerId(direction, lane), () => ({ counts }));
  for (const { direction, lane, rows } of tally.rows) {
    const id = ledgerId(direction, lane);
    const isNew = !lanes.has(id) && !hasBooks;
    enter(id, () => ({ pending: rows, ...(isNew ? { counts: { ...ZERO, accepted: rows } } : {}) }));
  }
  for (const { id, forgotten, damaged } of losses)
    enter(id, ({ counts }) => ({ counts: addCounts(counts, { ...ZERO, accepted: forgotten + damaged, damaged }) }));
  return [...lanes.values()];
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
