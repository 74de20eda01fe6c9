/**
 * The reserve: 512 KiB of the disk that are ours before they are needed. On a full disk SQLite cannot even delete (it
 * needs log space for that); the file is removed at that moment, and deletes and state can be written at once. Messages
 * cannot: they would eat the reserve. It is made again when there is room for four of it, so that a disk which is just
 * about full does not open and close the gateway every second.
 *
 * The file may be missing, empty, torn or of any content: only its size counts.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Origin: durability.md §1.3. */
export const RESERVE_BYTES = 512 * 1024;
/** So much must be free, with what the database has free inside, before messages are taken again. */
export const ROOM_BYTES = 4 * RESERVE_BYTES;

export class Reserve {
  readonly #path: string | undefined;
  #isSpent = false;

  /** @param path of the file; `undefined`: there is none, and a full disk is a full disk */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** It had to be given up: messages are not written until there is room. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** At an opening: it is there, or it is made if there is room. */
  claim(): void {
    if (this.#path === undefined || sizeOf(this.#path) === RESERVE_BYTES) return;
    this.#isSpent = true;
    this.regain(0);
  }

  /** The disk is full. @returns whether that made room which was not there before */
  spend(): boolean {
    if (this.#path === undefined) return false;
    const bytes = sizeOf(this.#path);
    this.#isSpent = true;
    rmSync(this.#path, { force: true });
    return bytes > 0;
  }

  /** Makes it again if there is room. @param freeInside bytes that the database has free within its file */
  regain(freeInside: number): boolean {
    if (!this.#isSpent || this.#path === undefined) return true;
    const free = freeBytesOf(this.#path);
    // the file itself needs real room; the rest may be room that deletes have left
    if (free < 2 * RESERVE_BYTES || free + freeInside < ROOM_BYTES) return false;
    this.#isSpent = !write(this.#path);
    return !this.#isSpent;
  }
}

/** Bytes that no file system can fold to nothing. @returns whether they are on the disk */
function write(path: string): boolean {
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      for (let left = RESERVE_BYTES; left > 0; ) {
        left -= writeSync(file, randomFillSync(new Uint8Array(Math.min(left, 65_536))));
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return true;
  } catch {
    rmSync(path, { force: true });
    return false;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}
