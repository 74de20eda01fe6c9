/**
 * Cuts a byte stream into whole MQTT packets, and holds no more than one of them.
 *
 * Stands in front of the parser: the remaining length is read and bounded before a byte of the body is kept, so that an
 * announced giant costs nothing. A packet that arrives whole in one piece is passed on as a view, without copying.
 *
 * Source: MQTT 3.1.1 §2.2.3 (remaining length).
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';
import type { Restorable } from '../base/snapshot.ts';

export interface MqttFramingLimits {
  /** Of a whole packet, with its fixed header. */
  readonly packetBytesMax: number;
}

/** First byte, then one to four bytes of remaining length. */
const HEADER_BYTES_MAX = 5;

interface FixedHeader {
  readonly headerBytes: number;
  readonly remainingLength: number;
}

/** A packet on the wire: its first byte and what follows the remaining length. */
export interface RawPacket {
  readonly first: number;
  /** A view, valid during the call only. */
  readonly body: Uint8Array;
  /** The whole packet. A view, valid during the call only. */
  readonly bytes: Uint8Array;
}

export interface MqttFramingSnapshot {
  readonly held: Uint8Array;
  readonly header: FixedHeader | undefined;
  readonly isDead: boolean;
}

export class MqttFraming implements Restorable<MqttFramingSnapshot> {
  readonly #limits: MqttFramingLimits;
  /** The beginning of a packet: `#heldBytes` of `#held`, which is large enough for the packet once its length is known. */
  #held = new Uint8Array(HEADER_BYTES_MAX);
  #heldBytes = 0;
  #header: FixedHeader | undefined;
  #isDead = false;

  constructor(limits: MqttFramingLimits) {
    this.#limits = limits;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Bytes kept of a packet that is not complete: at most `packetBytesMax`. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * The packets that these bytes complete, one after the other; each is to be used before the next is asked for.
   * A problem is the last thing that ever comes out.
   */
  *push(bytes: Uint8Array): Generator<Decoded<RawPacket>, void, undefined> {
    let rest = bytes;
    while (!this.#isDead && rest.length > 0) {
      const step = this.#heldBytes === 0 ? this.#readWhole(rest) : this.#complete(rest);
      if (!step.ok) {
        this.#isDead = true;
        yield step;
        return;
      }
      rest = step.value.rest;
      if (step.value.packet !== undefined) yield decoded(step.value.packet);
    }
  }

  snapshot(): MqttFramingSnapshot {
    return { held: this.#held.slice(0, this.#heldBytes), header: this.#header, isDead: this.#isDead };
  }

  restore({ held, header, isDead }: MqttFramingSnapshot): void {
    this.#hold(header, held);
    this.#isDead = isDead;
  }

  /** Nothing is held: takes a packet straight from the bytes, or holds what there is of it. */
  #readWhole(bytes: Uint8Array): Decoded<Step> {
    const header = this.#readHeader(bytes);
    if (!header.ok) return header;
    const packetBytes = header.value === undefined ? Infinity : header.value.headerBytes + header.value.remainingLength;
    if (header.value === undefined || bytes.length < packetBytes) {
      this.#hold(header.value, bytes);
      return decoded({ packet: undefined, rest: bytes.subarray(bytes.length) });
    }
    return decoded({
      packet: rawPacket(header.value, bytes.subarray(0, packetBytes)),
      rest: bytes.subarray(packetBytes),
    });
  }

  /** Something is held: adds to it, byte by byte until the length is known, then as much as is missing. */
  #complete(bytes: Uint8Array): Decoded<Step> {
    if (this.#header === undefined) {
      const grown = this.#held.subarray(0, this.#heldBytes + 1);
      grown.set(bytes.subarray(0, 1), this.#heldBytes);
      this.#heldBytes = grown.length;
      const header = this.#readHeader(grown);
      if (!header.ok) return header;
      if (header.value !== undefined) this.#hold(header.value, grown);
      return decoded({ packet: this.#takeIfWhole(), rest: bytes.subarray(1) });
    }
    const missing = this.#held.length - this.#heldBytes;
    const taken = bytes.subarray(0, missing);
    this.#held.set(taken, this.#heldBytes);
    this.#heldBytes += taken.length;
    return decoded({ packet: this.#takeIfWhole(), rest: bytes.subarray(taken.length) });
  }

  #hold(header: FixedHeader | undefined, bytes: Uint8Array): void {
    const held = new Uint8Array(header === undefined ? HEADER_BYTES_MAX : header.headerBytes + header.remainingLength);
    held.set(bytes);
    this.#held = held;
    this.#heldBytes = bytes.length;
    this.#header = header;
  }

  #takeIfWhole(): RawPacket | undefined {
    if (this.#header === undefined || this.#heldBytes < this.#held.length) return undefined;
    const packet = rawPacket(this.#header, this.#held);
    this.#hold(undefined, NOTHING);
    return packet;
  }

  /** `undefined`: more bytes are needed. */
  #readHeader(bytes: Uint8Array): Decoded<FixedHeader | undefined> {
    let remainingLength = 0;
    for (let at = 1; at < HEADER_BYTES_MAX; at += 1) {
      const byte = bytes[at];
      if (byte === undefined) return decoded(undefined);
      remainingLength += (byte & 0x7f) * 128 ** (at - 1);
      if ((byte & 0x80) === 0) {
        const headerBytes = at + 1;
        if (headerBytes + remainingLength <= this.#limits.packetBytesMax)
          return decoded({ headerBytes, remainingLength });
        return undecodable(
          `packet of ${headerBytes + remainingLength} bytes, more than ${this.#limits.packetBytesMax}`,
        );
      }
    }
    return undecodable('remaining length of more than four bytes (§2.2.3)');
  }
}

interface Step {
  readonly packet: RawPacket | undefined;
  readonly rest: Uint8Array;
}

const NOTHING = new Uint8Array(0);

function rawPacket(header: FixedHeader, bytes: Uint8Array): RawPacket {
  return { first: bytes[0] ?? 0, body: bytes.subarray(header.headerBytes), bytes };
}
