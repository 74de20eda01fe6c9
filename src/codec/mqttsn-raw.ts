/**
 * Bare MQTT-SN packets, one after the other, for USB-CDC and stock clients. Only their Length fields separate them.
 *
 * A packet begins where its head is plausible: a known type, and a Length that is valid for this type and allowed on
 * the line. If a complete packet cannot be decoded, one byte is dropped and the search continues. After `IDLE_MS`
 * without a byte, the held bytes count as an incomplete packet and are dropped, except for a CONNECT at their end: boot
 * text can look like the head of a long packet, and the CONNECT after the text must not be lost. A packet with a text that
 * MQTT forbids is a packet only if the line is silent after it, since a device waits for the answer to such a packet.
 *
 * A damaged Length field costs all bytes that the wrong Length covers. There is no checksum, so noise that looks like a
 * packet is taken for a packet. Use sn-cobs if you can change the firmware. Invariant: the reader holds at most one packet of the largest
 * size and one chunk of bytes.
 */
import type { OnBroken } from './broken-frame.ts';
import { decodeAnswerable, decodePacket } from './mqttsn-decode.ts';
import { BODY_BYTES, kindOfType, type Packet } from './mqttsn-packets.ts';

/**
 * Idle time after which a packet counts as incomplete. A sender writes a packet without pauses: 1024 octets at 115,200
 * baud take 89 ms.
 */
const IDLE_MS = 100;

const LONG_LENGTH = 0x01;
const CONNECT_TYPE = 0x04;
/** Size of the shortest CONNECT: head, flags, protocol id, duration and a client id of one character. */
const CONNECT_BYTES_MIN = 7;
/** Number of octets of TopicId and MsgId, which precede the name in a REGISTER. */
const REGISTER_IDS_BYTES = 4;
/**
 * Packets that are answered although MQTT forbids their text. In all others the text may be damaged: without an answer
 * the device sends the packet again.
 */
const WITH_TOPIC_NAME: ReadonlySet<Packet['kind']> = new Set([
  ...(['register', 'subscribe', 'unsubscribe', 'willtopic', 'willtopicupd'] as const),
]);
/** An encapsulated packet begins with the head of the carried packet: at most 4 octets. */
const HEAD_BYTES_MAX = 4;

type Outlook = 'more bytes needed' | 'no packet' | 'too large' | { readonly packetBytes: number };

export class RawReader {
  private readonly packetBytesMax: number;
  private held = new Uint8Array(0);
  /** Monotonic ms at which `held` last grew. */
  private lastReceivedMs = 0;
  /** True while the reader is within a stretch of bytes that are not a packet. Each stretch is counted once. */
  private isLost = false;
  private crcErrorCount = 0;
  private oversizeCount = 0;

  private readonly onBroken: OnBroken;

  constructor(packetBytesMax: number, onBroken: OnBroken = () => undefined) {
    this.packetBytesMax = packetBytesMax;
    this.onBroken = onBroken;
  }

  /** Number of stretches of bytes that were not a packet. */
  get crcErrors(): number {
    return this.crcErrorCount;
  }

  /** Number of plausible heads of packets that are larger than allowed, including heads that are noise. */
  get oversizeFrames(): number {
    return this.oversizeCount;
  }

  get heldBytes(): number {
    return this.held.length;
  }

  /** Largest number of bytes held between two calls. */
  get heldBytesMax(): number {
    return this.packetBytesMax;
  }

  push(bytes: Uint8Array, nowMs: number): Uint8Array[] {
    const packets: Uint8Array[] = [];
    if (this.held.length > 0 && nowMs - this.lastReceivedMs >= IDLE_MS) {
      const whole = forbiddenTextIn(this.held, this.packetBytesMax) === 'packet' ? this.held : undefined;
      const last = whole ?? connectIn(this.held);
      const lost = last === undefined ? this.held : this.held.subarray(0, -last.length);
      if (lost.length > 0) this.lose(lost, false);
      this.reset();
      if (last !== undefined) packets.push(last.slice());
    }
    if (bytes.length === 0) return packets;
    this.lastReceivedMs = nowMs;
    const stream = new Uint8Array(this.held.length + bytes.length);
    stream.set(this.held);
    stream.set(bytes, this.held.length);
    let at = 0;
    while (at < stream.length) {
      const rest = stream.subarray(at);
      const outlook = lookAt(rest, this.packetBytesMax);
      if (outlook === 'more bytes needed') break;
      if (outlook === 'too large' || outlook === 'no packet') {
        this.lose(rest, outlook === 'too large');
        // The last two octets of a long head could look like the head of a short packet.
        at += outlook === 'too large' ? headBytesOf(rest) : 1;
        continue;
      }
      packets.push(rest.slice(0, outlook.packetBytes));
      this.isLost = false;
      at += outlook.packetBytes;
    }
    this.held = stream.slice(at);
    return packets;
  }

  wakeAtMs(): number | undefined {
    return this.held.length === 0 ? undefined : this.lastReceivedMs + IDLE_MS;
  }

  reset(): void {
    this.held = new Uint8Array(0);
    this.isLost = false;
  }

  /** Counts a stretch of bytes that are not a packet, by the kind of its beginning. Each stretch is counted once. */
  private lose(bytes: Uint8Array, isTooLarge: boolean): void {
    if (this.isLost) return;
    this.isLost = true;
    if (isTooLarge) this.oversizeCount += 1;
    else this.crcErrorCount += 1;
    this.onBroken(isTooLarge ? 'frame too long' : 'noise', bytes);
  }
}

/**
 * Kind of the beginning of `bytes`. The decision is made as early as possible, so that noise does not delay a packet.
 */
function lookAt(bytes: Uint8Array, packetBytesMax: number): Outlook {
  const size = sizeOf(bytes);
  if (size === 'more bytes needed' && bytes.length >= packetBytesMax) return 'too large';
  if (typeof size === 'string') return size;
  if (size.packetBytes > packetBytesMax) return 'too large';
  if (isTextBeforePacket(bytes)) return 'no packet';
  if (bytes.length < size.packetBytes) return 'more bytes needed';
  if (decodePacket(bytes.subarray(0, size.packetBytes)).ok && !hasControlInName(bytes)) return size;
  return forbiddenTextIn(bytes, packetBytesMax) === 'packet' ? 'more bytes needed' : 'no packet';
}

/** `packet`: the bytes are one whole packet with a text that MQTT forbids. A silent line after it confirms that. */
function forbiddenTextIn(bytes: Uint8Array, packetBytesMax: number): 'packet' | 'other' {
  const size = sizeOf(bytes);
  if (typeof size === 'string' || size.packetBytes !== bytes.length || bytes.length > packetBytesMax) return 'other';
  if (isTextBeforePacket(bytes)) return 'other';
  const packet = decodeAnswerable(bytes);
  return packet.ok && WITH_TOPIC_NAME.has(packet.value.kind) ? 'packet' : 'other';
}

function sizeOf(bytes: Uint8Array, isCarried = false): Outlook {
  const headBytes = headBytesOf(bytes);
  if (bytes[0] === 0x00) return 'no packet';
  const type = bytes[headBytes - 1];
  if (type === undefined) return 'more bytes needed';
  const kind = kindOfType(type);
  const length = headBytes > 2 ? (bytes[1] ?? 0) * 0x100 + (bytes[2] ?? 0) : (bytes[0] ?? 0);
  if (kind === undefined) return 'no packet';
  const [fewest, most] = BODY_BYTES[kind];
  if (length < headBytes + fewest || length > headBytes + most) return 'no packet';
  if (kind !== 'encapsulated') return { packetBytes: length };
  // The Length field does not count the carried packet (MQTT-SN 1.2 §5.5). Nested forwarders are not supported.
  if (isCarried) return 'no packet';
  const carried = sizeOf(bytes.subarray(length, length + HEAD_BYTES_MAX), true);
  return typeof carried === 'string' ? carried : { packetBytes: length + carried.packetBytes };
}

/**
 * True if the bytes seem to be a REGISTER with control characters in its topic, and are the end of a text line, followed
 * by a packet: its TopicId would be the Length and the type of that packet. A subdevice sends the TopicId 0x0000
 * (MQTT-SN 1.2 §5.4.10).
 */
function isTextBeforePacket(bytes: Uint8Array): boolean {
  const at = headBytesOf(bytes);
  return ((bytes[at] ?? 0) !== 0 || (bytes[at + 1] ?? 0) !== 0) && hasControlInName(bytes);
}

function hasControlInName(bytes: Uint8Array): boolean {
  const headBytes = headBytesOf(bytes);
  if (kindOfType(bytes[headBytes - 1] ?? 0) !== 'register') return false;
  const end = headBytes > 2 ? (bytes[1] ?? 0) * 0x100 + (bytes[2] ?? 0) : (bytes[0] ?? 0);
  return bytes.subarray(headBytes + REGISTER_IDS_BYTES, end).some((byte) => byte < 0x20);
}

/** Last complete CONNECT at the end of `bytes`. */
function connectIn(bytes: Uint8Array): Uint8Array | undefined {
  for (let at = 1; at + CONNECT_BYTES_MIN <= bytes.length; at += 1) {
    if (bytes[at] !== bytes.length - at || bytes[at + 1] !== CONNECT_TYPE) continue;
    const packet = bytes.slice(at);
    if (decodePacket(packet).ok) return packet;
  }
  return undefined;
}

function headBytesOf(bytes: Uint8Array): number {
  return bytes[0] === LONG_LENGTH ? 4 : 2;
}
