/**
 * Checks whether a WAL belongs to the database beside it. SQLite's format does not record this, and SQLite replays a
 * WAL from a backup or a copy over the database. So each new store gets a random application id in the header on its
 * first page, and every image of that page in its WAL has the same id.
 *
 * Only a complete frame counts. After a power failure the header of a new frame may stand before the bytes of an old
 * one. An id read there could condemn a WAL that holds acknowledged messages.
 *
 * Reads the files without SQLite, so only before the database is opened in this process. Source of the layout:
 * https://www.sqlite.org/fileformat2.html §1.3, §4.1, §4.2.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const WAL_HEADER_BYTES = 32;
const PAGE_BYTES_AT = 8;
const PAGE_BYTES_MAX = 65_536;
const FRAME_HEADER_BYTES = 24;
/** Offset of the salts in the header of the WAL. The header of each frame repeats the salts at offset 8. */
const SALTS_AT = 16;
const SALTS_BYTES = 8;
const WAL_CHECKSUM_AT = 24;
const FRAME_SALTS_AT = 8;
const FRAME_CHECKSUM_AT = 16;

/** True unless the WAL certainly belongs to another store. */
export function isWalOwn(path: string): boolean {
  const own = readAlone(path, 0, HEADER_BYTES)?.readUInt32BE(APPLICATION_ID_AT) ?? 0;
  if (own === 0) return true;
  const log = openWal(`${path}-wal`);
  if (log === undefined) return true;
  try {
    const id = applicationIdIn(log);
    return id === undefined || id === own;
  } finally {
    closeSync(log);
  }
}

/** @returns the application id in the first complete image of the first page; `undefined`: there is none */
function applicationIdIn(log: number): number | undefined {
  const header = read(log, 0, WAL_HEADER_BYTES);
  const pageBytes = header?.readUInt32BE(PAGE_BYTES_AT) ?? 0;
  if (header === undefined || pageBytes < 512 || pageBytes > PAGE_BYTES_MAX) return undefined;
  const salts = header.subarray(SALTS_AT, SALTS_AT + SALTS_BYTES);
  let before = header.subarray(WAL_CHECKSUM_AT);
  for (let at = WAL_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + pageBytes) {
    const frame = read(log, at, FRAME_HEADER_BYTES);
    if (frame === undefined || !frame.subarray(FRAME_SALTS_AT, FRAME_CHECKSUM_AT).equals(salts)) return undefined;
    if (frame.readUInt32BE(0) === 1) {
      const page = read(log, at + FRAME_HEADER_BYTES, pageBytes);
      if (page === undefined) return undefined;
      const sum = checksum({ before, frame, page, isLittleEndian: (header.readUInt32BE(0) & 1) === 0 });
      if (sum.equals(frame.subarray(FRAME_CHECKSUM_AT))) return page.readUInt32BE(APPLICATION_ID_AT);
    }
    before = frame.subarray(FRAME_CHECKSUM_AT);
  }
}

/** Checksum that the header of a frame must have. It continues that of the previous frame (§4.2). */
function checksum(over: {
  readonly before: Buffer;
  readonly frame: Buffer;
  readonly page: Buffer;
  readonly isLittleEndian: boolean;
}): Buffer {
  let [one, other] = [over.before.readUInt32BE(0), over.before.readUInt32BE(4)];
  for (const bytes of [over.frame.subarray(0, FRAME_SALTS_AT), over.page]) {
    for (let at = 0; at < bytes.length; at += 8) {
      const [first, second] = over.isLittleEndian
        ? [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)]
        : [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
      one = (one + first + other) >>> 0;
      other = (other + second + one) >>> 0;
    }
  }
  const sum = Buffer.alloc(8);
  sum.writeUInt32BE(one, 0);
  sum.writeUInt32BE(other, 4);
  return sum;
}

function openWal(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function readAlone(path: string, at: number, length: number): Buffer | undefined {
  const file = openWal(path);
  if (file === undefined) return undefined;
  try {
    return read(file, at, length);
  } finally {
    closeSync(file);
  }
}

/** @returns `undefined` if the file is shorter */
function read(file: number, at: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) === length ? bytes : undefined;
}
