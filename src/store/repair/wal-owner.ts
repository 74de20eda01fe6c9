/**
 * Does the log beside a database belong to it? Nothing in SQLite's format says so, and a log that a backup or a hand put
 * there is replayed over the database. So each store has a random application id from its birth, in the header on its
 * first page, and every image of that page in its log has the same.
 *
 * Only a whole frame may testify: where a power cut tore one, the header of a new frame may stand before the bytes of an
 * old one, and whatever is read there as an id would condemn a log that holds acknowledged messages.
 *
 * Reads the files by other means than SQLite: only before the database is opened in this process.
 * Source of the layout: https://www.sqlite.org/fileformat2.html §1.3, §4.1, §4.2.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const LOG_HEADER_BYTES = 32;
const PAGE_BYTES_AT = 8;
const PAGE_BYTES_MAX = 65_536;
const FRAME_HEADER_BYTES = 24;
/** Within the header of the log; the header of each of its frames repeats the salts at 8. */
const SALTS_AT = 16;
const SALTS_BYTES = 8;
const LOG_CHECKSUM_AT = 24;
const FRAME_SALTS_AT = 8;
const FRAME_CHECKSUM_AT = 16;

/** Yes, unless it is certain that it is not. */
export function isWalOwn(path: string): boolean {
  const own = readAlone(path, 0, HEADER_BYTES)?.readUInt32BE(APPLICATION_ID_AT) ?? 0;
  if (own === 0) return true;
  const log = openLog(`${path}-wal`);
  if (log === undefined) return true;
  try {
    const id = testimony(log);
    return id === undefined || id === own;
  } finally {
    closeSync(log);
  }
}

/** @returns the application id in the first whole image of the first page; `undefined`: there is none */
function testimony(log: number): number | undefined {
  const header = read(log, 0, LOG_HEADER_BYTES);
  const pageBytes = header?.readUInt32BE(PAGE_BYTES_AT) ?? 0;
  if (header === undefined || pageBytes < 512 || pageBytes > PAGE_BYTES_MAX) return undefined;
  const salts = header.subarray(SALTS_AT, SALTS_AT + SALTS_BYTES);
  let before = header.subarray(LOG_CHECKSUM_AT);
  for (let at = LOG_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + pageBytes) {
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

/** Of a frame, as its header has to have it: it goes on from that of the frame before (§4.2). */
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

function openLog(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function readAlone(path: string, at: number, length: number): Buffer | undefined {
  const file = openLog(path);
  if (file === undefined) return undefined;
  try {
    return read(file, at, length);
  } finally {
    closeSync(file);
  }
}

/** @returns `undefined` where there are not so many bytes */
function read(file: number, at: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) === length ? bytes : undefined;
}
