/**
 * sn-cobs frames: `00 COBS(packet ‖ CRC-32 little-endian) 00`. Converts between the bytes of a line and MQTT-SN
 * packets.
 *
 * The leading zero separates noise and boot text from the frame. Empty frames are ignored. A damaged frame is lost. At
 * most one neighbour is lost too, if the delimiter between the two frames was lost. The reader starts again at the next
 * zero. There is no inter-byte timer. Invariants: the reader holds at most one frame of the largest packet; it passes
 * on no frame with a wrong CRC-32.
 */
import type { OnBroken } from './broken-frame.ts';
import { cobsBytesMax, decodeCobs, encodeCobs } from './cobs.ts';
import { crc32 } from './crc32.ts';

const DELIMITER = 0x00;
const DELIMITER_BYTES = 1;
const CRC_BYTES = 4;
const NOTHING = new Uint8Array(0);

/** @param packet at most the size that the reader at the other end accepts */
export function encodeFrame(packet: Uint8Array): Uint8Array {
  const guarded = new Uint8Array(packet.length + CRC_BYTES);
  guarded.set(packet);
  const crc = crc32(packet);
  for (let octet = 0; octet < CRC_BYTES; octet += 1) guarded[packet.length + octet] = crc >>> (8 * octet);
  return encodeCobs(guarded, DELIMITER_BYTES);
}

/** Takes bytes in pieces of any size, and returns the packets of undamaged frames. */
export class FrameReader {
  private readonly packetBytesMax: number;
  private readonly onBroken: OnBroken;
  /** Bytes of the unfinished frame. The array is replaced when bytes arrive; its contents never change. */
  private held: Uint8Array = NOTHING;
  private isOversize = false;
  private crcErrorCount = 0;
  private oversizeCount = 0;

  /** @param packetBytesMax largest packet passed on; the frame of a larger packet is dropped while the frame arrives */
  constructor(packetBytesMax: number, onBroken: OnBroken = () => undefined) {
    this.packetBytesMax = packetBytesMax;
    this.onBroken = onBroken;
  }

  /** Number of frames that were not COBS, were too short for a CRC-32, or had a wrong CRC-32. */
  get crcErrors(): number {
    return this.crcErrorCount;
  }

  get oversizeFrames(): number {
    return this.oversizeCount;
  }

  /** Number of bytes held of the unfinished frame. */
  get heldBytes(): number {
    return this.held.length;
  }

  /** Largest number of bytes that the reader can hold. */
  get heldBytesMax(): number {
    return cobsBytesMax(this.packetBytesMax + CRC_BYTES);
  }

  /** @returns the packets in the order of their arrival, views of memory that no other call uses */
  push(bytes: Uint8Array): Uint8Array[] {
    const packets: Uint8Array[] = [];
    let memory: Uint8Array | undefined;
    let used = 0;
    let from = 0;
    while (from < bytes.length) {
      const delimiterAt = bytes.indexOf(DELIMITER, from);
      if (delimiterAt === -1) {
        this.hold(bytes.subarray(from));
        break;
      }
      const encoded = this.complete(bytes.subarray(from, delimiterAt));
      from = delimiterAt + 1;
      if (encoded.length === 0) continue;
      memory ??= new Uint8Array(encoded.length + bytes.length); // decoding makes no frame longer
      const packet = this.open(encoded, memory, used);
      if (packet === undefined) continue;
      used += packet.length + CRC_BYTES;
      packets.push(packet);
    }
    return packets;
  }

  /** Frames have delimiters, so the reader needs no timer. */
  wakeAtMs(): undefined {
    return undefined;
  }

  /** Drops the unfinished frame. Called when the line was reopened. */
  reset(): void {
    this.held = NOTHING;
    this.isOversize = false;
  }

  private hold(bytes: Uint8Array): void {
    if (this.isOversize) return;
    const heldBytes = this.held.length + bytes.length;
    if (heldBytes > this.heldBytesMax) {
      // Another broken frame is reported at its end. A frame that is too long may never end, so it is reported now.
      this.onBroken('frame too long', this.held.length > 0 ? this.held : bytes);
      this.isOversize = true;
      this.held = NOTHING;
      return;
    }
    const held = new Uint8Array(heldBytes);
    held.set(this.held);
    held.set(bytes, this.held.length);
    this.held = held;
  }

  /** @param end bytes before the delimiter. @returns the frame; empty if it is too long or has no bytes */
  private complete(end: Uint8Array): Uint8Array {
    if (this.held.length === 0 && !this.isOversize && end.length <= this.heldBytesMax) return end;
    this.hold(end);
    const { held, isOversize } = this;
    this.reset();
    if (isOversize) this.oversizeCount += 1;
    return held;
  }

  /** Decodes a frame into `memory` from `start` on. @returns the packet; `undefined`: the frame was reported as broken */
  private open(encoded: Uint8Array, memory: Uint8Array, start: number): Uint8Array | undefined {
    const end = decodeCobs(encoded, memory, start);
    const packetEnd = (end ?? start) - CRC_BYTES;
    const packet = packetEnd < start ? NOTHING : memory.subarray(start, packetEnd);
    if (packetEnd < start) this.onBroken('frame coding', encoded);
    else if (crc32(packet) !== crcAt(memory, packetEnd)) this.onBroken('frame checksum', encoded);
    else if (packet.length <= this.packetBytesMax) return packet;
    else {
      this.oversizeCount += 1;
      this.onBroken('frame too long', encoded);
      return undefined;
    }
    this.crcErrorCount += 1;
    return undefined;
  }
}

/** CRC-32 in four octets, lowest first, as an unsigned number. */
function crcAt(bytes: Uint8Array, at: number): number {
  let crc = 0;
  for (let octet = CRC_BYTES - 1; octet >= 0; octet -= 1) crc = (crc << 8) | (bytes[at + octet] ?? 0);
  return crc >>> 0;
}
