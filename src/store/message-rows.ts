/** Reads messages for operators in pages limited in rows looked at, rows selected and bytes. */
import { chargedBytes, type Direction } from '../base/message.ts';
import { ownerOf } from '../custody/lane-number.ts';
import type { DamagedMessage, MessagePage, MessageRequest } from '../custody/message-page.ts';
import { coversTopic } from '../custody/operator-hold.ts';
import type { Row } from '../custody/row.ts';
import type { Database } from './database.ts';
import { isWhole, laneOfDamaged, type StoredRow, wholeRowOf } from './row-codec.ts';
import { tableOf } from './writer.ts';

/** Rows that one page may look at: about 10 ms of the store's time. */
const SCAN_MAX = 4096;
/** Largest sum of payloads in one page; a single message may be larger. */
const PAGE_BYTES_MAX = 1_048_576;

export function readMessages(database: Database, request: MessageRequest): MessagePage {
  const { direction, after, upTo, limit, numbers } = request;
  const owners = request.subdevices === undefined ? undefined : new Set(request.subdevices);
  const some = numbers === undefined ? '' : 'AND seq IN (SELECT value FROM json_each(?))';
  const sql = `SELECT * FROM ${tableOf(direction)} WHERE seq > ? AND seq <= ? ${some} ORDER BY seq LIMIT ${SCAN_MAX}`;
  const values = [after, upTo, ...(numbers === undefined ? [] : [JSON.stringify(numbers)])];
  const rows: Row[] = [];
  const damaged: DamagedMessage[] = [];
  let bytes = 0;
  let scanned = 0;
  let scannedTo = after;
  for (const found of database.prepare(sql).iterate(...values)) {
    const stored = found as StoredRow;
    const isSound = isWhole(direction, stored);
    const lane = isSound ? stored.lane : laneOfDamaged(direction, stored);
    const isSelected = owners === undefined || owners.has(ownerOf(lane));
    if (isSelected && isSound && (request.filters === undefined || coversTopic(request.filters, stored.topic))) {
      if (rows.length >= limit || (rows.length > 0 && bytes + stored.payload.length > PAGE_BYTES_MAX))
        return { rows, damaged, scanned, scannedTo, atEnd: false };
      bytes += stored.payload.length;
      rows.push(wholeRowOf(stored));
    } else if (isSelected && !isSound) {
      const { topic, payload } = stored;
      const isReadable = typeof topic === 'string' && payload instanceof Uint8Array;
      damaged.push({ seq: stored.seq, lane, bytes: isReadable ? chargedBytes(stored) : 0 });
    }
    scanned += 1;
    scannedTo = stored.seq;
  }
  const atEnd = scanned < SCAN_MAX;
  return { rows, damaged, scanned, scannedTo: atEnd ? upTo : scannedTo, atEnd };
}

/** Number of the newest message. 0: there is none. */
export function readNewest(database: Database, direction: Direction): number {
  const { newest } = database.prepare(`SELECT max(seq) AS newest FROM ${tableOf(direction)}`).get() as {
    newest: number | null;
  };
  return newest ?? 0;
}
