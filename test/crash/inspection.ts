/** Opens one crash image with the product's own recovery, and returns its content. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { numberOf } from '../../src/bench/account.ts';
import { imbalance, settledTotal } from '../../src/custody/ledger.ts';
import type { Row, Tally } from '../../src/custody/row.ts';
import type { MessageReport } from '../../src/ops/queues/message-report.ts';
import { StoreCore } from '../../src/store/core.ts';
import type { Database } from '../../src/store/database.ts';
import { readTally } from '../../src/store/reader.ts';
import { rowOf, type StoredRow } from '../../src/store/row-codec.ts';
import { STORE_FILE } from '../../src/store/state-files.ts';
import { tableOf } from '../../src/store/writer.ts';
import { digestOfStore } from './commit-log.ts';
import type { Image } from './medium.ts';
import { type Names, noNames } from './promises.ts';

export interface Found {
  readonly names: Names;
  /** Messages with a whole copy in a snapshot of a drop. */
  readonly copies: Names;
  /** Reason why the store did not open or is inconsistent; empty if it is healthy. */
  readonly corrupt: readonly string[];
  /** Inconsistencies in a readable ledger. */
  readonly wrong: readonly string[];
  /** Complete content of the store; empty if it did not open. */
  readonly state: string;
}

/** Folder of the copies of dropped messages, in the state directory. */
const SNAPSHOT_FOLDER = 'dropped';
const ROWS_MAX = 1_000_000;

/** Writes the image into `folder`, in place of its content. */
export function layOut(image: Image, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!image.has(name)) rmSync(join(folder, name), { recursive: true });
  for (const [name, bytes] of image) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

export function inspect(folder: string): Found {
  const path = join(folder, STORE_FILE);
  try {
    const core = new StoreCore({ path, bootId: 'after the power cut', upMs: 1000 });
    try {
      return { ...look(core), copies: copiesIn(folder) };
    } finally {
      core.database.close();
    }
  } catch (error) {
    return { names: noNames(), copies: noNames(), corrupt: [String(error)], wrong: [], state: '' };
  }
}

function look({ database, opening }: StoreCore): Omit<Found, 'copies'> {
  const names = noNames();
  // A power cut damages nothing: nothing is set aside, and the high-water mark finds no loss.
  const wrong = [...opening.recovery];
  const tally = readTally(database);
  const lanes = new Map(opening.subdevices.map(({ lane, id }) => [lane, id]));
  for (const direction of ['uplink', 'downlink'] as const) {
    const newest = database.prepare(`SELECT * FROM ${tableOf(direction)} ORDER BY seq DESC LIMIT ?`).all(ROWS_MAX);
    const rows = newest.flatMap((stored) => rowOf(direction, stored as StoredRow) ?? []).reverse();
    for (const row of rows) names[`${direction}s`].add(`${lanes.get(row.lane)}/${numberOf(row.payload)}`);
    const counted = tally.rows.reduce((sum, lane) => sum + (lane.direction === direction ? lane.rows : 0), 0);
    if (counted !== rows.length) wrong.push(`${counted - rows.length} damaged rows of ${counted} ${direction}s`);
    if ((rows.at(-1)?.seq ?? 0) >= opening.nextSeq[direction]) wrong.push(`a ${direction} number would come again`);
    wrong.push(...disorder(rows));
  }
  for (const { lane, filter } of opening.subscriptions)
    names.subscriptions.add(`${lanes.get(lane)} ${filter.split('/').at(-1)}`);
  const state = digestOfStore(database);
  return { names, wrong: [...wrong, ...imbalances(tally)], corrupt: integrity(database), state };
}

/** A line that is not whole is no copy. */
function copiesIn(folder: string): Names {
  const copies = noNames();
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  for (const file of existsSync(snapshots) ? readdirSync(snapshots) : [])
    for (const line of readFileSync(join(snapshots, file), 'utf8').split('\n').slice(0, -1)) {
      const copy = copyIn(line);
      if (copy !== undefined) copies[file.startsWith('outbox') ? 'uplinks' : 'downlinks'].add(copy);
    }
  return copies;
}

function copyIn(line: string): string | undefined {
  try {
    const { subdevice, payload } = JSON.parse(line) as MessageReport;
    return `${subdevice}/${numberOf(Buffer.from(payload?.base64 ?? '', 'base64'))}`;
  } catch {
    return undefined;
  }
}

function integrity(database: Database): string[] {
  const answer = String(database.pragma('integrity_check', { simple: true }));
  return answer === 'ok' ? [] : [answer];
}

/**
 * A later row of a lane contains a later message, or a repeated earlier one: a crash can duplicate a message.
 */
function disorder(rows: readonly Row[]): string[] {
  const seen = new Map<number, Set<number>>();
  return rows.flatMap(({ lane, payload, seq }) => {
    const number = numberOf(payload) ?? 0;
    const before = seen.get(lane) ?? new Set();
    const highest = Math.max(0, ...before);
    seen.set(lane, before.add(number));
    const isInOrder = number >= highest || before.has(number);
    return isInOrder ? [] : [`row ${seq} of lane ${lane} holds number ${number} behind ${highest}`];
  });
}

function imbalances({ counts, rows }: Tally): string[] {
  const pending = new Map(rows.map((lane) => [`${lane.direction} ${lane.lane}`, lane.rows]));
  return counts.flatMap(({ direction, lane, counts: sums }) => {
    const key = `${direction} ${lane}`;
    const off = imbalance(sums, pending.get(key) ?? 0);
    const gone = settledTotal(sums) - sums.delivered - (sums.shed['dropped by hand'] ?? 0);
    return [
      ...(off === 0 ? [] : [`lane ${key} is off by ${off}`]),
      ...(gone === 0 ? [] : [`lane ${key} gave up ${gone}`]),
    ];
  });
}
