/**
 * Rows of the outbox and the inbox as stored in SQLite, each with a CRC-32 over its content. The CRC of a downlink also
 * covers its direction, so that the table of a stray row can be determined. Downlinks that earlier versions stored have
 * the CRC of an uplink, and only their table shows the direction.
 *
 * Column `qos`: the QoS (0 or 1), plus 16 with RETAIN, here and in the table of wills.
 */
import { crc32 } from 'node:zlib';
import { type Direction, type Message, type Qos, retaining } from '../base/message.ts';
import type { Row } from '../custody/row.ts';

/** Number of bits of a lane number, up to the bit that marks a lane of alarms (`custody/lane-number.ts`). */
const LANE_BITS = 21;
/** Number of bits of the integers that a JavaScript number represents exactly. */
const SEQ_BITS = 53;

/** Value in the column `qos`: the bit of RETAIN among the flags of MQTT-SN 1.2 §5.3.4. */
const RETAIN = 0x10;
/** Values that the column `qos` can have. */
const STORED_QOS: ReadonlySet<number> = new Set([0, 1, RETAIN, RETAIN + 1]);

export interface StoredRow {
  readonly seq: number;
  readonly lane: number;
  readonly qos: number;
  readonly epoch: number;
  readonly up_ms: number;
  readonly crc: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Values of a row in the order of the columns: seq, lane, qos, epoch, up_ms, crc, topic, payload. */
export type RowValues = [number, number, number, number, number, number, string, Uint8Array];

export function valuesOf(direction: Direction, row: Row): RowValues {
  const epoch = row.stamp.epoch;
  const upMs = Math.floor(row.stamp.upMs);
  const qos = storedQos(row);
  const crc = crcOf(direction, {
    seq: row.seq,
    lane: row.lane,
    qos,
    epoch,
    up_ms: upMs,
    topic: row.topic,
    payload: row.payload,
  });
  return [row.seq, row.lane, qos, epoch, upMs, crc, row.topic, row.payload];
}

/** Returns the row as read from the store. `undefined`: the row is damaged and must not be passed on. */
export function rowOf(direction: Direction, stored: StoredRow): Row | undefined {
  return isWhole(direction, stored) ? wholeRowOf(stored) : undefined;
}

/** @param stored undamaged row (`isWhole`) */
export function wholeRowOf({ seq, lane, qos, topic, epoch, up_ms: upMs, payload }: StoredRow): Row {
  return { seq, lane, topic, payload: new Uint8Array(payload), ...flagsOf(qos), stamp: { epoch, upMs } };
}

/** Value of the column `qos`. */
export function storedQos({ qos, retain }: Pick<Message, 'qos' | 'retain'>): number {
  return qos + (retain ? RETAIN : 0);
}

/** @param stored value of the column `qos`, as `storedQos` makes it */
export function flagsOf(stored: number): Pick<Message, 'qos' | 'retain'> {
  const qos: Qos = (stored & ~RETAIN) === 1 ? 1 : 0;
  return { qos, ...retaining((stored & RETAIN) !== 0) };
}

export function isWhole(direction: Direction, stored: StoredRow): boolean {
  if (!(stored.payload instanceof Uint8Array) || typeof stored.topic !== 'string') return false;
  return STORED_QOS.has(stored.qos) && isCrcOf(direction, stored);
}

/** Direction of a row found on a stray page. @returns `undefined` if the row is damaged */
export function directionOf(stored: StoredRow): Direction | undefined {
  if (!isWhole('downlink', stored)) return undefined;
  return crcOf('downlink', stored) === stored.crc ? 'downlink' : 'uplink';
}

/** Lane of a damaged row: if the flipped bit is in the lane number, the CRC shows the right lane. */
export function laneOfDamaged(direction: Direction, stored: StoredRow): number {
  if (!(stored.payload instanceof Uint8Array)) return stored.lane;
  for (let bit = 0; bit < LANE_BITS; bit += 1) {
    const lane = stored.lane ^ (2 ** bit);
    if (isCrcOf(direction, { ...stored, lane })) return lane;
  }
  return stored.lane;
}

/** True if the number of the row is damaged. It may then be the number of another row, which must not be removed. */
export function isNumberDamaged(direction: Direction, stored: StoredRow): boolean {
  if (!(stored.payload instanceof Uint8Array)) return false;
  for (let bit = 0; bit < SEQ_BITS; bit += 1) {
    const seq = Number(BigInt(stored.seq) ^ (1n << BigInt(bit)));
    if (isCrcOf(direction, { ...stored, seq })) return true;
  }
  return false;
}

function isCrcOf(direction: Direction, stored: StoredRow): boolean {
  return (
    crcOf(direction, stored) === stored.crc || (direction === 'downlink' && crcOf('uplink', stored) === stored.crc)
  );
}

function crcOf(direction: Direction, row: Omit<StoredRow, 'crc'>): number {
  const head = `${row.seq} ${row.lane} ${row.qos} ${row.epoch} ${row.up_ms} ${row.topic}`;
  return crc32(row.payload, crc32(direction === 'uplink' ? head : `${direction} ${head}`));
}
