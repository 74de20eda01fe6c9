/**
 * Reads the store of a stopped gateway without writing to it, and reports what the next start will find. A store of
 * usual size is opened as a copy (`dry-run.ts`); a large one only if something is wrong with it.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineEvidence } from '../base/machine-identity.ts';
import type { Direction } from '../base/message.ts';
import type { Epoch, Stamp } from '../base/time.ts';
import type { LetterPage, LetterRequest } from '../custody/dead-letter.ts';
import { laneWords, ledgerId, ownerOf } from '../custody/lane-number.ts';
import { ZERO } from '../custody/ledger.ts';
import type { MessagePage, MessageRequest } from '../custody/message-page.ts';
import type { OperatorHold } from '../custody/operator-hold.ts';
import type { LaneCounts, LossRow, SubdeviceRow } from '../custody/row.ts';
import type { HistoryAnswer, HistoryRequest } from '../history/history-requests.ts';
import { isRestored } from './backup/backup-note.ts';
import { RESTORING_FOLDER } from './backup/swap-store.ts';
import { type Database, openReadOnly } from './database.ts';
import { readLetters } from './dead-letter-rows.ts';
import { readEpochs } from './epoch-rows.ts';
import { HistoryStore } from './history-store.ts';
import { readMessages, readNewest } from './message-rows.ts';
import { readHolds, readLosses, readMachine, readOldest, readSubdevices, readTally } from './reader.ts';
import { dryRun } from './repair/dry-run.ts';
import { markPathOf } from './repair/high-water.ts';
import { compareWithMark } from './repair/high-water-check.ts';
import { findBroken } from './repair/record-repair.ts';
import { isSuspect, isWhole } from './repair/store-recovery.ts';
import { isWalOwn } from './repair/wal-owner.ts';
import { STORE_FILE } from './state-files.ts';
import { faultOf } from './store-fault.ts';

/** Size above which a healthy store is not copied. */
const COPIED_BYTES_MAX = 32 * 1024 * 1024;

export interface OfflineLane extends LaneCounts {
  readonly subdevice: string;
  /** Subdevice of the lane, also of an alarm lane. */
  readonly owner: string;
  /** Number of rows. */
  readonly pending: number;
  /** Charged bytes of these rows. */
  readonly bytes: number;
  /** Stamp of the oldest row. `undefined`: no row, or a damaged one. */
  readonly oldest: Stamp | undefined;
}

export interface OfflineStore {
  readonly path: string;
  readonly bytes: number;
  readonly walBytes: number;
  readonly lanes: readonly OfflineLane[];
  /** Every subdevice that the store knows, by id. */
  readonly subdevices: readonly SubdeviceRow[];
  readonly epochs: ReadonlyMap<number, Epoch>;
  /** Damage and losses on the medium, one sentence each. */
  readonly findings: readonly string[];
  readonly losses: readonly LossRow[];
  /** Machine that owns the store; `undefined`: none is known. */
  readonly machine: MachineEvidence | undefined;
}

type Look<T> = (found: {
  readonly database: Database;
  readonly findings: readonly string[];
  readonly losses: readonly LossRow[];
}) => T;

/** @returns `undefined` if there is no store; @throws Fault, `store-locked` while a gateway runs or starts */
export async function readStoreOffline(stateDir: string): Promise<OfflineStore | undefined> {
  return readOffline(stateDir, (path, { database, findings, losses }) => ({
    path,
    bytes: sizeOf(path),
    walBytes: sizeOf(`${path}-wal`),
    lanes: readLanes(database),
    subdevices: readSubdevices(database).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    epochs: readEpochs(database),
    findings,
    losses,
    machine: readMachine(database),
  }));
}

export interface OfflineLetters {
  readonly page: LetterPage;
  readonly nameOf: (lane: number) => string;
}

/** See `readStoreOffline` for the result and the faults. */
export async function readLettersOffline(
  stateDir: string,
  request: LetterRequest,
): Promise<OfflineLetters | undefined> {
  return readOffline(stateDir, (_path, { database }) => {
    const names = new Map(readSubdevices(database).map((row) => [row.lane, row.id]));
    return { page: readLetters(database, request), nameOf: (lane) => names.get(ownerOf(lane)) ?? '(no subdevice)' };
  });
}

/** Reader of the messages in the store of a gateway that does not run. */
export interface OfflineMessages {
  readonly subdevices: readonly SubdeviceRow[];
  readonly epochs: ReadonlyMap<number, Epoch>;
  readonly holds: readonly OperatorHold[];
  /** Number of the newest message of a queue. 0: there is none. */
  newest(direction: Direction): number;
  page(request: MessageRequest): MessagePage;
}

/** Calls `read` while the store is open. See `readStoreOffline` for the result and the faults. */
export function readMessagesOffline<T>(stateDir: string, read: (messages: OfflineMessages) => T): T | undefined {
  return readOffline(stateDir, (_path, { database }) =>
    read({
      subdevices: readSubdevices(database),
      epochs: readEpochs(database),
      holds: readHolds(database),
      newest: (direction) => readNewest(database, direction),
      page: (request) => readMessages(database, request),
    }),
  );
}

/** See `readStoreOffline` for the result and the faults. */
export async function readHistoryOffline(
  stateDir: string,
  request: HistoryRequest,
): Promise<HistoryAnswer | undefined> {
  return readOffline(stateDir, (_path, { database }) => new HistoryStore(database).answer(request));
}

function readOffline<T>(stateDir: string, read: (path: string, ...found: Parameters<Look<T>>) => T): T | undefined {
  const path = join(stateDir, STORE_FILE);
  const restoring = join(stateDir, RESTORING_FOLDER);
  if (![path, `${path}-wal`, markPathOf(path), restoring].some((part) => existsSync(part))) return undefined;
  const look: Look<T> = (found) => read(path, found);
  const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
  const found = bytes > COPIED_BYTES_MAX && !existsSync(restoring) ? readHealthy(path, look) : undefined;
  return (found ?? lookAtCopy(path, look)).found;
}

function lookAtCopy<T>(path: string, look: Look<T>): { readonly found: T } {
  return dryRun(path, ({ database, opening }, inPlace) => {
    const losses = opening.losses.map((loss) => ({ ...loss, unknown: loss.unknown && inPlace(loss.unknown) }));
    return { found: look({ database, findings: opening.recovery.map(inPlace), losses }) };
  });
}

/** @returns `undefined` if the next start will have to repair the store */
function readHealthy<T>(path: string, look: Look<T>): { readonly found: T } | undefined {
  if (isSuspect(path) || !isWalOwn(path)) return undefined;
  let database: Database;
  try {
    database = openReadOnly(path);
  } catch (error) {
    if (faultOf(error, path).code === 'store-locked') throw error;
    return undefined;
  }
  try {
    if (!isWhole(database, false) || findBroken(database).size > 0 || isRestored(database)) return undefined;
    const { sentences } = compareWithMark(database, path, { isNew: false, hasLedger: true, restarted: new Set() });
    return sentences.length > 0 ? undefined : { found: look({ database, findings: [], losses: readLosses(database) }) };
  } catch (error) {
    if (faultOf(error, path).code === 'store-corrupt') return undefined;
    throw faultOf(error, path);
  } finally {
    database.close();
  }
}

function readLanes(database: Database): OfflineLane[] {
  const names = new Map(readSubdevices(database).map((row) => [row.lane, row.id]));
  const tally = readTally(database);
  const oldest = { uplink: readOldest(database, 'uplink'), downlink: readOldest(database, 'downlink') };
  const lanes = new Map<number, OfflineLane>();
  const enter = ({ direction, lane }: Omit<LaneCounts, 'counts'>, known: Partial<OfflineLane>): void => {
    const id = ledgerId(direction, lane);
    const owner = names.get(ownerOf(lane)) ?? '(no subdevice)';
    const subdevice = laneWords(lane, owner);
    const empty = { direction, lane, counts: ZERO, pending: 0, bytes: 0, oldest: undefined, subdevice, owner };
    lanes.set(id, { ...(lanes.get(id) ?? empty), ...known });
  };
  for (const { counts, ...lane } of tally.counts) enter(lane, { counts });
  for (const { rows, bytes, ...lane } of tally.rows)
    enter(lane, { pending: rows, bytes: Math.max(0, bytes), oldest: oldest[lane.direction].get(lane.lane) });
  return [...lanes.values()];
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
