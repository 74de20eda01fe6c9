/**
 * High-water mark of the store: its content, in a small separate file. A database that has lost its newest transactions
 * is intact and shows no damage; this file records the numbers of rows that the database had stored
 * (docs/decisions/0010).
 *
 * Two slots, written in turn, each with a CRC-32: a torn write leaves the other slot. An absent, empty or damaged file
 * is no mark, and no proof of a loss. The mark is never ahead of the store: only data made durable by a commit's fsync
 * is recorded.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Direction } from '../../base/message.ts';
import { syncFolder } from '../../io/durable/synced-folder.ts';

/** Size of a slot: one block of the medium. A slot is written whole or not at all, or its CRC is wrong. */
const SLOT_BYTES = 4096;
/** Size of the head of a slot: CRC in hexadecimal and a blank. */
const HEAD_BYTES = 9;

/** Mark of one ledger line. `pending`: rows on disk at that moment. */
export type LaneMark = readonly [id: number, puts: number, pending: number];

export interface Mark {
  /** Identity of the store. */
  readonly store: string;
  /** Incremented with each write. */
  readonly turn: number;
  /** Message numbers below these are used. */
  readonly reservedTo: Readonly<Record<Direction, number>>;
  readonly lanes: readonly LaneMark[];
  /** Sums of puts and pending of the lines that had no room in the slot. */
  readonly rest: readonly [puts: number, pending: number];
}

export function markPathOf(storePath: string): string {
  return `${storePath}-highwater`;
}

/** Newest valid mark. `undefined`: there is none. */
export function readMark(path: string): Mark | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const slots = [bytes.subarray(0, SLOT_BYTES), bytes.subarray(SLOT_BYTES, 2 * SLOT_BYTES)];
  return slots
    .map(decode)
    .reduce((newest, mark) => (mark !== undefined && mark.turn > (newest?.turn ?? 0) ? mark : newest), undefined);
}

/** Returns when the mark is on the medium. Throws errors of the operating system. */
export function writeMark(path: string, mark: Mark): void {
  const slot = encode(mark);
  const file = openToWrite(path);
  try {
    writeSync(file, slot, 0, SLOT_BYTES, (mark.turn % 2) * SLOT_BYTES);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Creates a new file at full size, so that later writes need no room on the disk. */
function openToWrite(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch {
    const file = openSync(path, 'w+', 0o600);
    writeSync(file, Buffer.alloc(2 * SLOT_BYTES, ' '), 0, 2 * SLOT_BYTES, 0);
    syncFolder(dirname(path));
    return file;
  }
}

function encode(mark: Mark): Buffer {
  let { lanes } = mark;
  let [puts, pending] = mark.rest;
  for (;;) {
    const text = JSON.stringify({ ...mark, lanes, rest: [puts, pending] });
    if (text.length <= SLOT_BYTES - HEAD_BYTES) {
      const body = Buffer.from(text.padEnd(SLOT_BYTES - HEAD_BYTES));
      return Buffer.concat([Buffer.from(`${checksum(body)} `), body]);
    }
    const kept = Math.min(lanes.length - 1, Math.floor((lanes.length * SLOT_BYTES) / text.length));
    for (const [, morePuts, morePending] of lanes.slice(kept)) {
      puts += morePuts;
      pending += morePending;
    }
    lanes = lanes.slice(0, kept);
  }
}

function decode(slot: Buffer): Mark | undefined {
  const body = slot.subarray(HEAD_BYTES);
  if (slot.length !== SLOT_BYTES || slot.toString('latin1', 0, HEAD_BYTES) !== `${checksum(body)} `) return undefined;
  return JSON.parse(body.toString()) as Mark; // the CRC proves that this program wrote it
}

function checksum(body: Buffer): string {
  return crc32(body).toString(16).padStart(8, '0');
}
