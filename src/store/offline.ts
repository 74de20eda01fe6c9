/** Reads the store of a gateway that does not run, without writing to it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { laneWords, ownerOf } from '../custody/lane-number.ts';
import { ZERO } from '../custody/ledger.ts';
import type { LetterPage, LetterRequest } from '../custody/letter.ts';
import type { LaneCounts } from '../custody/row.ts';
import { faultOf, openReadOnly } from './database.ts';
import { STORE_FILE } from './file.ts';
import { readLetters } from './letters.ts';
import { readSubdevices, readTally } from './reader.ts';

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
}

/** @returns `undefined` where there is no store; @throws Fault, `store-locked` while a gateway runs */
export async function readStoreOffline(stateDir: string): Promise<OfflineStore | undefined> {
  const path = join(stateDir, STORE_FILE);
  if (!existsSync(path)) return undefined;
  const database = openReadOnly(path);
  try {
    const names = new Map(readSubdevices(database).map((row) => [row.lane, row.id]));
    const nameOf = (lane: number): string => laneWords(lane, names.get(ownerOf(lane)) ?? '(nobody)');
    const tally = readTally(database);
    const lanes = new Map<string, OfflineLane>();
    for (const { direction, lane, counts } of tally.counts) {
      lanes.set(`${direction} ${lane}`, {
        direction,
        lane,
        counts,
        pending: 0,
        subdevice: nameOf(lane),
      });
    }
    for (const { direction, lane, rows } of tally.rows) {
      const known = lanes.get(`${direction} ${lane}`) ?? {
        direction,
        lane,
        counts: ZERO,
        subdevice: nameOf(lane),
      };
      lanes.set(`${direction} ${lane}`, { ...known, pending: rows });
    }
    return { path, bytes: sizeOf(path), walBytes: sizeOf(`${path}-wal`), lanes: [...lanes.values()] };
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

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
