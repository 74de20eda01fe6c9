/**
 * Modbus TCP frames: an MBAP header and a PDU.
 *
 *     transaction id (2) · protocol id 0 (2) · length (2) · unit (1) · PDU; the length counts the octets after it
 *
 * TCP delivers the octets complete and in order, so a frame has no checksum, and only the length separates frames. After
 * an invalid header the beginning of the next frame is unknown: the reader reads nothing more until it is reset. Source:
 * MODBUS Messaging on TCP/IP Implementation Guide V1.0b ("guide") §3.1.3.
 */

export interface MbapFrame {
  /** Number that an answer repeats from its request. */
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** The whole frame. */
  readonly bytes: Uint8Array;
}

/** Octets up to the length. The rest of a frame is counted by the length. */
const COUNTED_FROM = 6;
/** Smallest and largest length: the unit, and a PDU of 1 to 253 octets (app §4.1). */
const LENGTH_MIN = 2;
const LENGTH_MAX = 254;
/** Transaction ids are 0 to 65,535. */
export const TRANSACTIONS = 0x10000;

export function encodeMbap(transaction: number, unit: number, pdu: readonly number[]): Uint8Array {
  const length = pdu.length + 1;
  return Uint8Array.from([transaction >>> 8, transaction & 0xff, 0, 0, length >>> 8, length & 0xff, unit, ...pdu]);
}

/** Reader that takes bytes in pieces of any size. At most the beginning of one frame is kept. */
export class MbapReader {
  private rest: Uint8Array = new Uint8Array();
  private broken: string | undefined;

  /** Invalid part of the header after which nothing more is read: `protocol id 772 instead of 0`. */
  get problem(): string | undefined {
    return this.broken;
  }

  /** @returns frames in the order of their arrival, in memory that no other call uses */
  push(bytes: Uint8Array): MbapFrame[] {
    if (this.broken !== undefined) return [];
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const frames: MbapFrame[] = [];
    let at = 0;
    for (;;) {
      const frame = this.frameAt(all, at);
      if (frame === undefined) break;
      frames.push(frame);
      at += frame.bytes.length;
    }
    this.rest = this.broken === undefined ? all.slice(at) : new Uint8Array();
    return frames;
  }

  /** Begins a new stream. */
  reset(): void {
    this.rest = new Uint8Array();
    this.broken = undefined;
  }

  private frameAt(all: Uint8Array, at: number): MbapFrame | undefined {
    if (all.length - at < COUNTED_FROM) return undefined;
    const word = (offset: number): number => ((all[at + offset] ?? 0) << 8) | (all[at + offset + 1] ?? 0);
    const [transaction, protocol, length] = [word(0), word(2), word(4)];
    this.broken = headerProblem(protocol, length);
    const end = at + COUNTED_FROM + length;
    if (this.broken !== undefined || all.length < end) return undefined;
    const bytes = all.subarray(at, end);
    return { transaction, unit: bytes[COUNTED_FROM] ?? 0, pdu: bytes.subarray(COUNTED_FROM + 1), bytes };
  }
}

function headerProblem(protocol: number, length: number): string | undefined {
  if (protocol !== 0) return `protocol id ${protocol} instead of 0`;
  if (length >= LENGTH_MIN && length <= LENGTH_MAX) return undefined;
  return `length ${length} instead of ${LENGTH_MIN} to ${LENGTH_MAX}`;
}
