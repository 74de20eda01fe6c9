/**
 * Divides a byte stream into whole MQTT packets. The framing holds at most one packet.
 *
 * The framing runs before the parser. The framing reads and checks the remaining length before it keeps a byte of the
 * body, so a packet that announces a very large length costs no memory. A packet that arrives whole in one piece is
 * passed on as a view, without copying. If a PUBLISH is too large and `skipsLargePublish` is set, only the beginning of
 * the PUBLISH is kept, and the reader continues after its end.
 *
 * Source: MQTT 3.1.1 §2.2.3 (remaining length).
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';

export interface MqttFramingLimits {
  /** Size of a whole packet, including its fixed header. */
  readonly packetBytesMax: number;
  /**
   * If true, a larger PUBLISH is read to its end and passed on without its payload, so that it can be acknowledged.
   * Without this option, such a PUBLISH ends the stream, as any other packet that is too large does.
   */
  readonly skipsLargePublish?: boolean;
}

/**
 * Largest beginning of a PUBLISH: two bytes of topic length, the topic, and the packet identifier (MQTT 3.1.1 §3.3.2).
 */
const PUBLISH_HEAD_BYTES_MAX = 2 + 65_535 + 2;
const PUBLISH = 3;

/** Largest fixed header: the first byte, and one to four bytes of remaining length. */
const HEADER_BYTES_MAX = 5;

interface FixedHeader {
  readonly headerBytes: number;
  readonly remainingLength: number;
  /** True for a PUBLISH that is too large. The last `skippedBytes` of the packet are not kept. */
  readonly isOversize: boolean;
  readonly skippedBytes: number;
}

/** Packet on the wire: its first byte, and the bytes after the remaining length. */
export interface RawPacket {
  readonly first: number;
  /** View of the body, valid during the call only. */
  readonly body: Uint8Array;
  /** View of the whole packet, valid during the call only. */
  readonly bytes: Uint8Array;
  /**
   * True for a PUBLISH that is too large. Its last `skippedBytes` were not kept and are neither in `body` nor in
   * `bytes`.
   */
  readonly isOversize: boolean;
  readonly skippedBytes: number;
}

export class MqttFraming {
  private readonly limits: MqttFramingLimits;
  /**
   * Memory for an unfinished packet; the first `heldCount` bytes are filled. As soon as the length is known, the memory
   * is as large as the kept part of the packet.
   */
  private held = new Uint8Array(HEADER_BYTES_MAX);
  private heldCount = 0;
  private header: FixedHeader | undefined;
  /** Number of bytes of the current packet that have not arrived yet and will not be kept. */
  private bytesToSkip = 0;
  private hasFailed = false;

  constructor(limits: MqttFramingLimits) {
    this.limits = limits;
  }

  get isDead(): boolean {
    return this.hasFailed;
  }

  /** View of the beginning of the packet that is being read, or of the packet with a problem. */
  get head(): Uint8Array {
    return this.held.subarray(0, this.heldCount);
  }

  /** Number of bytes held of an unfinished packet: at most `packetBytesMax`. */
  get heldBytes(): number {
    return this.heldCount;
  }

  /**
   * Yields the packets that these bytes complete. The caller must use each packet before it requests the next one.
   * After a problem no packet is yielded, in this call or later.
   */
  *push(bytes: Uint8Array): Generator<Decoded<RawPacket>, void, undefined> {
    let rest = bytes;
    while (!this.hasFailed && rest.length > 0) {
      const step = this.heldCount === 0 ? this.readWhole(rest) : this.complete(rest);
      if (!step.ok) {
        if (this.heldCount === 0) this.hold(undefined, rest.subarray(0, HEADER_BYTES_MAX));
        this.hasFailed = true;
        yield step;
        return;
      }
      rest = step.value.rest;
      if (step.value.packet !== undefined) yield decoded(step.value.packet);
    }
  }

  /**
   * Takes a packet directly from the bytes. If the packet is incomplete, holds the bytes that have arrived. Called if
   * no bytes are held.
   */
  private readWhole(bytes: Uint8Array): Decoded<Step> {
    const header = this.readHeader(bytes);
    if (!header.ok) return header;
    const keptBytes = header.value === undefined ? bytes.length : keptBytesOf(header.value);
    if (header.value === undefined || header.value.isOversize || bytes.length < keptBytes) {
      const kept = bytes.subarray(0, keptBytes);
      this.hold(header.value, kept);
      return decoded({ packet: this.takeIfWhole(), rest: bytes.subarray(kept.length) });
    }
    return decoded({
      packet: rawPacket(header.value, bytes.subarray(0, keptBytes)),
      rest: bytes.subarray(keptBytes),
    });
  }

  /**
   * Adds bytes to the held ones: byte by byte until the length is known, and then the missing part of the packet.
   * Called if bytes are held.
   */
  private complete(bytes: Uint8Array): Decoded<Step> {
    if (this.header === undefined) {
      const grown = this.held.subarray(0, this.heldCount + 1);
      grown.set(bytes.subarray(0, 1), this.heldCount);
      this.heldCount = grown.length;
      const header = this.readHeader(grown);
      if (!header.ok) return header;
      if (header.value !== undefined) this.hold(header.value, grown);
      return decoded({ packet: this.takeIfWhole(), rest: bytes.subarray(1) });
    }
    const missing = this.held.length - this.heldCount;
    const taken = bytes.subarray(0, missing);
    this.held.set(taken, this.heldCount);
    this.heldCount += taken.length;
    const rest = bytes.subarray(taken.length);
    const skipped = Math.min(rest.length, this.bytesToSkip);
    this.bytesToSkip -= skipped;
    return decoded({ packet: this.takeIfWhole(), rest: rest.subarray(skipped) });
  }

  private hold(header: FixedHeader | undefined, bytes: Uint8Array): void {
    const held = new Uint8Array(header === undefined ? HEADER_BYTES_MAX : keptBytesOf(header));
    held.set(bytes);
    this.held = held;
    this.heldCount = bytes.length;
    this.header = header;
    this.bytesToSkip = header?.skippedBytes ?? 0;
  }

  private takeIfWhole(): RawPacket | undefined {
    if (this.header === undefined || this.heldCount < this.held.length || this.bytesToSkip > 0) return undefined;
    const packet = rawPacket(this.header, this.held);
    this.hold(undefined, NOTHING);
    return packet;
  }

  /** Reads the fixed header. `undefined`: more bytes are needed. */
  private readHeader(bytes: Uint8Array): Decoded<FixedHeader | undefined> {
    let remainingLength = 0;
    for (let at = 1; at < HEADER_BYTES_MAX; at += 1) {
      const byte = bytes[at];
      if (byte === undefined) return decoded(undefined);
      remainingLength += (byte & 0x7f) * 128 ** (at - 1);
      if ((byte & 0x80) === 0) {
        const headerBytes = at + 1;
        return this.bounded(headerBytes, remainingLength, (bytes[0] ?? 0) >> 4);
      }
    }
    return undecodable('remaining length of more than four bytes (§2.2.3)');
  }

  private bounded(headerBytes: number, remainingLength: number, type: number): Decoded<FixedHeader> {
    const { packetBytesMax, skipsLargePublish = false } = this.limits;
    const packetBytes = headerBytes + remainingLength;
    if (packetBytes <= packetBytesMax)
      return decoded({ headerBytes, remainingLength, isOversize: false, skippedBytes: 0 });
    if (!skipsLargePublish || type !== PUBLISH)
      return undecodable(`packet of ${packetBytes} bytes, more than ${packetBytesMax}`);
    return decoded({
      headerBytes,
      remainingLength,
      isOversize: true,
      skippedBytes: remainingLength - Math.min(remainingLength, PUBLISH_HEAD_BYTES_MAX),
    });
  }
}

interface Step {
  readonly packet: RawPacket | undefined;
  readonly rest: Uint8Array;
}

const NOTHING = new Uint8Array(0);

function keptBytesOf({ headerBytes, remainingLength, skippedBytes }: FixedHeader): number {
  return headerBytes + remainingLength - skippedBytes;
}

function rawPacket({ headerBytes, isOversize, skippedBytes }: FixedHeader, bytes: Uint8Array): RawPacket {
  return { first: bytes[0] ?? 0, body: bytes.subarray(headerBytes), bytes, isOversize, skippedBytes };
}
