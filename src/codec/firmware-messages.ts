/**
 * Messages between the gateway and a subdevice that gets a firmware image, in two topics of MQTT-SN: `$fw/up` to the
 * gateway and `$fw/down` to the subdevice. Numbers are big-endian. An octet `kind` begins each message. A
 * subdevice ignores unknown kinds, the gateway rejects them; both ignore octets behind the known ones.
 *
 *     $fw/up    VERSION  01 version…                                            QoS 1, after each CONNECT
 *               GET      02 flags(1) window(1) chunk(2) image(4) offset(4)      QoS 0
 *               STATE    03 state(1) image(4) reason…                           QoS 1
 *     $fw/down  OFFER    81 flags(1) image(4) size(4) md5(16) version…          QoS 1
 *               CHUNK    82 image(4) offset(4) octets…                          QoS 0
 *               STOP     83 image(4)                                            QoS 1
 *
 * `image` is the CRC-32 of the whole image. GET confirms all octets before `offset`, and permits `window` chunks of at
 * most `chunk` octets from there. Flag AGAIN: the octets from `offset` are sent again, because some were lost. Texts are
 * UTF-8, at most `TEXT_BYTES_MAX` octets.
 *
 * The other end: `hw/client/holdfast_fw.c`. Source: this project; `docs/firmware.md`.
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';

/** Topics in the names of the subdevice. */
export const FIRMWARE_UP = '$fw/up';
export const FIRMWARE_DOWN = '$fw/down';

/** Largest text, octets. */
export const TEXT_BYTES_MAX = 64;
/** Octets of a CHUNK before those of the image. */
export const CHUNK_HEADER_BYTES = 9;

const MD5_BYTES = 16;
const FLAG_AGAIN = 0x01;

/**
 * State of a subdevice. `received`: the image is complete and its CRC-32 is right, and the subdevice installs it.
 * `refused`: the subdevice does not take this image. `failed`: writing, verifying or installing has failed.
 */
export type DeviceFirmwareState = 'received' | 'refused' | 'failed';

/** Message of a subdevice. */
export type FirmwareUpMessage =
  | { readonly kind: 'version'; readonly version: string }
  | {
      readonly kind: 'get';
      readonly isAgain: boolean;
      /** Number of permitted chunks, 1 to 255. */
      readonly window: number;
      /** Largest number of octets of a chunk, 1 to 65535. */
      readonly chunkBytes: number;
      readonly image: number;
      readonly offset: number;
    }
  | { readonly kind: 'state'; readonly state: DeviceFirmwareState; readonly image: number; readonly reason: string };

/** Message of the gateway. */
export type FirmwareDownMessage =
  | {
      readonly kind: 'offer';
      readonly image: number;
      readonly size: number;
      /** MD5 of the image, 32 hexadecimal digits. */
      readonly md5: string;
      readonly version: string;
    }
  | { readonly kind: 'chunk'; readonly image: number; readonly offset: number; readonly octets: Uint8Array }
  | { readonly kind: 'stop'; readonly image: number };

const KIND = { version: 0x01, get: 0x02, state: 0x03, offer: 0x81, chunk: 0x82, stop: 0x83 } as const;
const STATE_CODES: Readonly<Record<DeviceFirmwareState, number>> = { received: 1, refused: 2, failed: 3 };
const GET_BYTES = 13;
const STATE_BYTES = 6;
const OFFER_BYTES = 10 + MD5_BYTES;
const STOP_BYTES = 5;

/** Reads a message of a subdevice. */
export function decodeFirmwareUp(payload: Uint8Array): Decoded<FirmwareUpMessage> {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  switch (bytes[0]) {
    case KIND.version: {
      const version = textFrom(bytes, 1);
      return version === undefined || version === ''
        ? undecodable(`the version is not a text of 1 to ${TEXT_BYTES_MAX} bytes without control characters`)
        : decoded({ kind: 'version', version });
    }
    case KIND.get: {
      if (bytes.length < GET_BYTES) return tooShort('GET', bytes.length, GET_BYTES);
      const window = bytes.readUInt8(2);
      const chunkBytes = bytes.readUInt16BE(3);
      if (window === 0 || chunkBytes === 0) return undecodable('GET permits no octets');
      const isAgain = (bytes.readUInt8(1) & FLAG_AGAIN) !== 0;
      const [image, offset] = [bytes.readUInt32BE(5), bytes.readUInt32BE(9)];
      return decoded({ kind: 'get', isAgain, window, chunkBytes, image, offset });
    }
    case KIND.state: {
      if (bytes.length < STATE_BYTES) return tooShort('STATE', bytes.length, STATE_BYTES);
      const state = stateOf(bytes.readUInt8(1));
      if (state === undefined) return undecodable(`STATE has the unknown state ${bytes.readUInt8(1)}`);
      const reason = textFrom(bytes, STATE_BYTES);
      return reason === undefined
        ? undecodable(`the reason is not a text of at most ${TEXT_BYTES_MAX} bytes without control characters`)
        : decoded({ kind: 'state', state, image: bytes.readUInt32BE(2), reason });
    }
    case undefined:
      return undecodable('the message is empty');
    default:
      return undecodable(`the message has the unknown kind 0x${bytes.toString('hex', 0, 1)}`);
  }
}

/** Reads a message of the gateway. */
export function decodeFirmwareDown(payload: Uint8Array): Decoded<FirmwareDownMessage> {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  switch (bytes[0]) {
    case KIND.offer: {
      if (bytes.length < OFFER_BYTES) return tooShort('OFFER', bytes.length, OFFER_BYTES);
      const [image, size] = [bytes.readUInt32BE(2), bytes.readUInt32BE(6)];
      const md5 = bytes.toString('hex', 10, OFFER_BYTES);
      const version = textFrom(bytes, OFFER_BYTES);
      return version === undefined || version === ''
        ? undecodable('the version is not a text')
        : decoded({ kind: 'offer', image, size, md5, version });
    }
    case KIND.chunk: {
      if (bytes.length <= CHUNK_HEADER_BYTES) return tooShort('CHUNK', bytes.length, CHUNK_HEADER_BYTES + 1);
      const octets = Uint8Array.from(bytes.subarray(CHUNK_HEADER_BYTES));
      return decoded({ kind: 'chunk', image: bytes.readUInt32BE(1), offset: bytes.readUInt32BE(5), octets });
    }
    case KIND.stop:
      if (bytes.length < STOP_BYTES) return tooShort('STOP', bytes.length, STOP_BYTES);
      return decoded({ kind: 'stop', image: bytes.readUInt32BE(1) });
    default:
      return undecodable('the message has an unknown kind');
  }
}

/** Writes a message of the gateway. Texts and numbers are in their ranges. */
export function encodeFirmwareDown(message: FirmwareDownMessage): Uint8Array {
  switch (message.kind) {
    case 'offer': {
      const head = new Uint8Array(OFFER_BYTES);
      const view = viewOf(head, KIND.offer);
      view.setUint32(2, message.image);
      view.setUint32(6, message.size);
      head.set(Buffer.from(message.md5, 'hex'), 10);
      return joined(head, new TextEncoder().encode(message.version));
    }
    case 'chunk': {
      const head = new Uint8Array(CHUNK_HEADER_BYTES);
      const view = viewOf(head, KIND.chunk);
      view.setUint32(1, message.image);
      view.setUint32(5, message.offset);
      return joined(head, message.octets);
    }
    case 'stop': {
      const head = new Uint8Array(STOP_BYTES);
      viewOf(head, KIND.stop).setUint32(1, message.image);
      return head;
    }
  }
}

/** Writes a message of a subdevice. Texts and numbers are in their ranges. */
export function encodeFirmwareUp(message: FirmwareUpMessage): Uint8Array {
  switch (message.kind) {
    case 'version':
      return joined(Uint8Array.of(KIND.version), new TextEncoder().encode(message.version));
    case 'get': {
      const head = new Uint8Array(GET_BYTES);
      const view = viewOf(head, KIND.get);
      view.setUint8(1, message.isAgain ? FLAG_AGAIN : 0);
      view.setUint8(2, message.window);
      view.setUint16(3, message.chunkBytes);
      view.setUint32(5, message.image);
      view.setUint32(9, message.offset);
      return head;
    }
    case 'state': {
      const head = new Uint8Array(STATE_BYTES);
      const view = viewOf(head, KIND.state);
      view.setUint8(1, STATE_CODES[message.state]);
      view.setUint32(2, message.image);
      return joined(head, new TextEncoder().encode(message.reason));
    }
  }
}

function viewOf(head: Uint8Array, kind: number): DataView {
  head[0] = kind;
  return new DataView(head.buffer);
}

function joined(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + rest.length);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}

function tooShort<T>(name: string, bytes: number, bytesMin: number): Decoded<T> {
  return undecodable(`${name} has ${bytes} bytes, fewer than ${bytesMin}`);
}

function stateOf(code: number): DeviceFirmwareState | undefined {
  return (['received', 'refused', 'failed'] as const).find((state) => STATE_CODES[state] === code);
}

/** Returns the rest of a message as a text. `undefined`: too long, not UTF-8, or with control characters. */
function textFrom(bytes: Buffer, start: number): string | undefined {
  if (bytes.length - start > TEXT_BYTES_MAX) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start));
    return /\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
