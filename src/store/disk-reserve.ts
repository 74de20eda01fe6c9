/**
 * Reserve: a file of 512 KiB that keeps room on the disk. On a full disk SQLite cannot even delete, because a delete
 * needs room in the WAL. The file is removed then, so that deletes and state can be written at once. Messages cannot be
 * written: they would use up the reserve. The file is created again when there is room for four times its size, so that
 * a disk which is just about full does not stop and resume the gateway every second.
 *
 * The file may be missing, empty, torn or of any content. Only its size counts.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Size of the reserve. A commit on a full disk changes about 60 pages of 1 KiB (`commit/segments.ts`), a fraction of
 * the reserve.
 */
export const RESERVE_BYTES = 512 * 1024;
/** Room that must be free, including free pages of the database, before messages are taken again. */
export const ROOM_BYTES = 4 * RESERVE_BYTES;

export class Reserve {
  readonly #path: string | undefined;
  #isSpent = false;

  /** @param path path of the file; `undefined`: no reserve */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** True if the reserve was used up: messages are not written until there is room. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Creates the file at an opening, if it is missing and there is room. */
  claim(): void {
    if (this.#path === undefined || sizeOf(this.#path) === RESERVE_BYTES) return;
    this.#isSpent = true;
    this.regain(0);
  }

  /** Removes the file because the disk is full. @returns whether that made room */
  spend(): boolean {
    if (this.#path === undefined) return false;
    const bytes = sizeOf(this.#path);
    this.#isSpent = true;
    rmSync(this.#path, { force: true });
    return bytes > 0;
  }

  /** Creates the file again if there is room. @param freeInside bytes of free pages within the database */
  regain(freeInside: number): boolean {
    if (!this.#isSpent || this.#path === undefined) return true;
    const free = freeBytesOf(this.#path);
    // the file itself needs free disk space; the rest may be pages freed by deletes
    if (free < 2 * RESERVE_BYTES || free + freeInside < ROOM_BYTES) return false;
    this.#isSpent = !write(this.#path);
    return !this.#isSpent;
  }
}

/** Writes bytes that no file system can compress away. @returns whether they are on the disk */
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
