/**
 * Pages of a damaged store as bytes: the pages of the database file and the newer ones in its WAL. A page in the free
 * list of the database holds deleted rows and is left out.
 *
 * Source of the layout: https://www.sqlite.org/fileformat2.html §1.3, §1.4, §4.1.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_BYTES } from '../database.ts';

const LOG_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;
/** Offsets of the salts in the header of the WAL and in the header of a frame. */
const LOG_SALTS_AT = 16;
const FRAME_SALTS_AT = 8;
const SALTS_BYTES = 8;
const LOG_MAGIC = 0x377f0682;
/** Offset of the free list in the first page. */
const FREE_LIST_AT = 32;

export interface PageImage {
  readonly number: number;
  readonly bytes: Buffer;
  /** No newer image of this page is in the WAL. */
  readonly isNewest: boolean;
}

export class PageImages {
  readonly #database: number | undefined;
  readonly #log: number | undefined;
  /** Page → offsets of its images in the WAL, the newest last. */
  readonly #frames = new Map<number, number[]>();
  readonly #free: ReadonlySet<number>;

  /** @param path path of a database that is not being written; the file and its WAL may be missing */
  constructor(path: string) {
    this.#database = openToRead(path);
    this.#log = openToRead(`${path}-wal`);
    if (this.#log !== undefined) this.#index(this.#log);
    this.#free = this.#freePages();
  }

  /** Newest image of a page. */
  readonly pageOf = (number: number): Buffer | undefined => {
    const frame = this.#frames.get(number)?.at(-1);
    if (frame !== undefined) return readAt(this.#log, frame);
    return number < 1 ? undefined : readAt(this.#database, (number - 1) * PAGE_BYTES);
  };

  /** Images of the database, then images of the WAL in the order of writing. */
  *all(): Iterable<PageImage> {
    for (let number = 1; ; number += 1) {
      const bytes = readAt(this.#database, (number - 1) * PAGE_BYTES);
      if (bytes === undefined) break;
      if (!this.#free.has(number)) yield { number, bytes, isNewest: !this.#frames.has(number) };
    }
    for (const [number, frames] of this.#frames)
      for (const frame of frames) {
        const bytes = readAt(this.#log, frame);
        if (bytes !== undefined && !this.#free.has(number)) yield { number, bytes, isNewest: frame === frames.at(-1) };
      }
  }

  close(): void {
    for (const file of [this.#database, this.#log]) if (file !== undefined) closeSync(file);
  }

  /** Frames of an earlier cycle of the WAL have other salts. They are in the database already. */
  #index(log: number): void {
    const head = readAt(log, 0, LOG_HEADER_BYTES);
    const isHead = head !== undefined && head.readUInt32BE(0) >>> 1 === LOG_MAGIC >>> 1;
    const first = readAt(log, LOG_HEADER_BYTES, 24);
    const salts = isHead
      ? head.subarray(LOG_SALTS_AT, LOG_SALTS_AT + SALTS_BYTES)
      : first?.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS_BYTES);
    for (let at = LOG_HEADER_BYTES; salts !== undefined; at += FRAME_BYTES) {
      const frame = readAt(log, at, 24);
      if (frame === undefined) return;
      const number = frame.readUInt32BE(0);
      if (number === 0 || !frame.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS_BYTES).equals(salts)) continue;
      const frames = this.#frames.get(number);
      if (frames === undefined) this.#frames.set(number, [at + 24]);
      else frames.push(at + 24);
    }
  }

  /** Free pages as far as the list can be followed: a page names the next list page and other free pages. */
  #freePages(): ReadonlySet<number> {
    const free = new Set<number>();
    const bytes = this.#database === undefined ? 0 : fstatSync(this.#database).size;
    const last = Math.max(bytes / PAGE_BYTES, ...this.#frames.keys());
    let trunk = this.pageOf(1)?.readUInt32BE(FREE_LIST_AT) ?? 0;
    while (trunk > 1 && trunk <= last && !free.has(trunk)) {
      free.add(trunk);
      const page = this.pageOf(trunk);
      if (page === undefined) break;
      const count = page.readUInt32BE(4);
      if (count > PAGE_BYTES / 4 - 2) break;
      for (let index = 0; index < count; index += 1) free.add(page.readUInt32BE(8 + 4 * index));
      trunk = page.readUInt32BE(0);
    }
    return free;
  }
}

function openToRead(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/** @returns `undefined` if the file is shorter */
function readAt(file: number | undefined, at: number, length: number = PAGE_BYTES): Buffer | undefined {
  if (file === undefined) return undefined;
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) === length ? bytes : undefined;
}
