/**
 * Rows and changes in one block of bytes, on their way between the threads. The engine's copy of an object per message
 * costs more than the rest of its way to the store.
 *
 * Only the two kinds of change that come with every message are packed: a message is put on disk, and a delivered
 * message is deleted. All other changes travel as they are, in their place in the order.
 */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { MessagePage } from '../custody/message-page.ts';
import type { Row, RowPage } from '../custody/row.ts';
import { flagsOf, storedQos } from './row-codec.ts';

export interface PackedPage extends Omit<RowPage, 'rows'> {
  readonly rows: Uint8Array;
}

export interface PackedMessages extends Omit<MessagePage, 'rows'> {
  readonly rows: Uint8Array;
}

export interface PackedChanges {
  readonly bytes: Uint8Array;
  /** Changes that are not packed, in order. */
  readonly others: readonly Change[];
}

type Put = Extract<Change, { kind: 'put' }>;
type Settle = Extract<Change, { kind: 'settle' }>;

/** First byte of each record in a block of changes. */
const OTHER = 0;
const PUT = 1;
const SETTLE = 2;
/** Bit that marks a downlink in the first byte of a record. */
const DOWNLINK = 0x80;

/**
 * Size of the head of a row: seq and upMs (8 octets each), lane, epoch and two lengths (4 each), the column `qos` (1).
 */
const ROW_HEAD_BYTES = 33;
/** Size of a `settle`: seq (8 octets), lane and bytes (4 each). */
const SETTLE_BYTES = 16;

export function packChanges(changes: readonly Change[]): PackedChanges {
  const others: Change[] = [];
  const writer = new Writer(changes.reduce((sum, change) => sum + 1 + bytesOf(change), 0));
  for (const change of changes) {
    if (change.kind === 'put') {
      writer.octet(PUT | directionBit(change));
      writer.row(change.row);
    } else if (isDelivery(change)) {
      writer.octet(SETTLE | directionBit(change));
      writer.number(change.seq);
      writer.count(change.lane);
      writer.count(change.bytes);
    } else {
      writer.octet(OTHER);
      others.push(change);
    }
  }
  return { bytes: writer.bytes, others };
}

export function unpackChanges({ bytes, others }: PackedChanges): Change[] {
  const changes: Change[] = [];
  const reader = new Reader(bytes);
  let next = 0;
  while (!reader.isAtEnd) {
    const head = reader.octet();
    const direction: Direction = (head & DOWNLINK) === 0 ? 'uplink' : 'downlink';
    const kind = head & ~DOWNLINK;
    if (kind === PUT) changes.push({ kind: 'put', direction, row: reader.row() });
    else if (kind === SETTLE) {
      const seq = reader.number();
      const lane = reader.count();
      changes.push({ kind: 'settle', direction, lane, seq, bytes: reader.count(), outcome: { as: 'delivered' } });
    } else {
      const other = others[next];
      if (other === undefined) throw new Error(`block of changes names change ${next} of ${others.length}`);
      changes.push(other);
      next += 1;
    }
  }
  return changes;
}

export function packPage(page: RowPage): PackedPage {
  return { ...page, rows: packRows(page.rows) };
}

export function packRows(from: readonly Row[]): Uint8Array {
  const writer = new Writer(from.reduce((sum, row) => sum + rowBytes(row), 0));
  for (const row of from) writer.row(row);
  return writer.bytes;
}

export function unpackPage<Page extends { readonly rows: Uint8Array }>(
  page: Page,
): Omit<Page, 'rows'> & { rows: Row[] } {
  const reader = new Reader(page.rows);
  const rows: Row[] = [];
  while (!reader.isAtEnd) rows.push(reader.row());
  return { ...page, rows };
}

function isDelivery(change: Change): change is Settle {
  return change.kind === 'settle' && change.outcome.as === 'delivered';
}

function directionBit({ direction }: Put | Settle): number {
  return direction === 'downlink' ? DOWNLINK : 0;
}

function bytesOf(change: Change): number {
  if (change.kind === 'put') return rowBytes(change.row);
  return isDelivery(change) ? SETTLE_BYTES : 0;
}

function rowBytes({ topic, payload }: Row): number {
  return ROW_HEAD_BYTES + Buffer.byteLength(topic) + payload.length;
}

class Writer {
  readonly bytes: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    // The block has memory of its own. A copy of pooled memory to the other thread would include the whole pool.
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
  }

  octet(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  /** @param value 0 to 2³² − 1 */
  count(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  number(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  row(row: Row): void {
    const { topic, payload, stamp } = row;
    this.number(row.seq);
    this.number(stamp.upMs);
    this.count(row.lane);
    this.count(stamp.epoch);
    this.octet(storedQos(row));
    this.count(payload.length);
    const topicBytes = this.bytes.write(topic, this.#at + 4);
    this.count(topicBytes);
    this.#at += topicBytes;
    this.bytes.set(payload, this.#at);
    this.#at += payload.length;
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  octet(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }

  count(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  number(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  row(): Row {
    const seq = this.number();
    const upMs = this.number();
    const lane = this.count();
    const epoch = this.count();
    const flags = flagsOf(this.octet());
    const payloadBytes = this.count();
    const topicBytes = this.count();
    const topicEnd = this.#at + topicBytes;
    const topic = this.#bytes.toString('utf8', this.#at, topicEnd);
    this.#at = topicEnd + payloadBytes;
    // A copy: a view would keep the whole block alive as long as its last row.
    const payload = new Uint8Array(payloadBytes);
    payload.set(this.#bytes.subarray(topicEnd, this.#at));
    return flags.retain
      ? { seq, lane, topic, payload, qos: flags.qos, retain: true, stamp: { epoch, upMs } }
      : { seq, lane, topic, payload, qos: flags.qos, stamp: { epoch, upMs } };
  }
}
