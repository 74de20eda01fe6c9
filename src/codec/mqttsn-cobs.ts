/**
 * sn-cobs frames: `00 COBS(packet ‖ CRC-32 little-endian) 00`. Converts between the bytes of a line and MQTT-SN
 * packets.
 *
 * The leading zero separates noise and boot text from the frame. Empty frames are ignored. A damaged frame is lost. At
 * most one neighbour is lost too, if the delimiter between the two frames was lost. The reader starts again at the next
 * zero. There is no inter-byte timer. Invariants: the reader holds at most one frame of the largest packet; it passes
 * on no frame with a wrong CRC-32.
 */
import type { BrokenFrame, OnBroken } from './broken-frame.ts';
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

  /** @returns the packets, each in its own memory, in the order of their arrival */
  push(bytes: Uint8Array): Uint8Array[] {
    const packets: Uint8Array[] = [];
    let from = 0;
    while (from < bytes.length) {
      const delimiterAt = bytes.indexOf(DELIMITER, from);
      const to = delimiterAt === -1 ? bytes.length : delimiterAt;
      this.hold(bytes.subarray(from, to));
      if (delimiterAt !== -1) {
        const packet = this.finish();
        if (packet !== undefined) packets.push(packet);
      }
      from = to + 1;
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

  private finish(): Uint8Array | undefined {
    const { held: encoded, isOversize } = this;
    this.reset();
    if (isOversize) {
      this.oversizeCount += 1;
      return undefined;
    }
    if (encoded.length === 0) return undefined;
    const packet = openFrame(encoded);
    if (typeof packet === 'string') {
      this.crcErrorCount += 1;
      this.onBroken(packet, encoded);
      return undefined;
    }
    if (packet.length > this.packetBytesMax) {
      this.oversizeCount += 1;
      this.onBroken('frame too long', encoded);
      return undefined;
    }
    return packet;
  }
}

/** Packet between two delimiters, or the reason why there is none. */
function openFrame(encoded: Uint8Array): Uint8Array | BrokenFrame {
  const guarded = decodeCobs(encoded);
  if (guarded === undefined || guarded.length < CRC_BYTES) return 'frame coding';
  const packetBytes = guarded.length - CRC_BYTES;
  const packet = guarded.subarray(0, packetBytes);
  const crc = crc32(packet);
  for (let octet = 0; octet < CRC_BYTES; octet += 1)
    if (guarded[packetBytes + octet] !== ((crc >>> (8 * octet)) & 0xff)) return 'frame checksum';
  return packet;
}
