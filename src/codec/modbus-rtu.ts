/**
 * Modbus RTU frames from the view of a master: requests become bytes, and bytes become the answer to one request.
 *
 * An answer contains neither a sequence number nor the requested address. So an answer can be read only together with
 * its request, which gives the unit, the function and the length. Bytes that do not match give a result, never an
 * exception. Sources: Modbus Application Protocol V1.1b3 ("app") and Modbus over Serial Line V1.02 ("line").
 */
import { crc16 } from './crc16.ts';

/** Request by function code (app §6). Bits and registers are counted from 0. */
export type ModbusRequest =
  | { readonly function: 1 | 2 | 3 | 4; readonly unit: number; readonly address: number; readonly count: number }
  | { readonly function: 5; readonly unit: number; readonly address: number; readonly on: boolean }
  | { readonly function: 6; readonly unit: number; readonly address: number; readonly value: number }
  | { readonly function: 15; readonly unit: number; readonly address: number; readonly bits: readonly boolean[] }
  | { readonly function: 16; readonly unit: number; readonly address: number; readonly words: readonly number[] }
  /** New value of the register: `(register & and) | (or & ~and)`. */
  | {
      readonly function: 22;
      readonly unit: number;
      readonly address: number;
      readonly and: number;
      readonly or: number;
    }
  /** The unit writes `words` first, then reads `count` registers. */
  | {
      readonly function: 23;
      readonly unit: number;
      readonly address: number;
      readonly count: number;
      readonly writeAddress: number;
      readonly words: readonly number[];
    };

/**
 * `content`: after a read, the octets of the bits or registers. After a write, the octets that follow the address; they
 * differ from the written octets if the unit limits or ignores the value.
 */
export type ModbusAnswer =
  | { readonly kind: 'done'; readonly content: Uint8Array }
  | { readonly kind: 'exception'; readonly code: number };

/** Largest numbers of bits and of registers that one request reads (app §6.1 to §6.17). */
export const BITS_READ_MAX = 2000;
export const WORDS_READ_MAX = 125;
/** Size of the largest frame (line §2.5.1). */
export const FRAME_BYTES_MAX = 256;

const EXCEPTION_FRAME_BYTES = 5;
const EXCEPTION_FLAG = 0x80;
/** Value that switches a coil on (app §6.5). */
const COIL_ON = 0xff00;
/**
 * Largest number of bytes before an answer that are ignored. The direction change of an RS-485 line can look like one
 * or two bytes. The content of an answer begins at its fourth byte, so a frame inside the content of another frame
 * cannot be taken for an answer.
 */
const GLITCH_BYTES_MAX = 2;

/** Returns the body followed by its CRC. The CRC is sent low byte first (line §2.5.1.2). */
export function appendCrc(body: readonly number[]): Uint8Array {
  const crc = crc16(Uint8Array.from(body));
  return Uint8Array.from([...body, crc & 0xff, crc >>> 8]);
}

export function encodeRequest(request: ModbusRequest): Uint8Array {
  return appendCrc([request.unit, request.function, ...word(request.address), ...argumentsOf(request)]);
}

function argumentsOf(request: ModbusRequest): number[] {
  switch (request.function) {
    case 1:
    case 2:
    case 3:
    case 4:
      return word(request.count);
    case 5:
      return word(request.on ? COIL_ON : 0);
    case 6:
      return word(request.value);
    case 15: {
      const packed = packBits(request.bits);
      return [...word(request.bits.length), packed.length, ...packed];
    }
    case 16:
      return [...word(request.words.length), request.words.length * 2, ...request.words.flatMap(word)];
    case 22:
      return [...word(request.and), ...word(request.or)];
    case 23: {
      const { count, writeAddress, words } = request;
      return [...word(count), ...word(writeAddress), ...word(words.length), words.length * 2, ...words.flatMap(word)];
    }
  }
}

/** Number of octets of the answer, if the answer is not an exception. */
export function answerBytes(request: ModbusRequest): number {
  return answerHead(request).length + contentBytes(request) + 2;
}

/**
 * Searches for the answer to `request` in the bytes received since the request was sent. An answer is accepted only if
 * its unit, function, length, CRC and repeated request fields match.
 * @returns `undefined` if the bytes contain no answer (yet)
 */
export function findAnswer(request: ModbusRequest, bytes: Uint8Array): ModbusAnswer | undefined {
  for (let start = 0; start <= GLITCH_BYTES_MAX; start += 1) {
    const answer = answerAt(request, bytes.subarray(start));
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/**
 * Number of octets of the answer frame that begins with these bytes. `undefined`: the length is not known for the
 * function of the frame.
 */
function frameBytes(frame: Uint8Array): number | undefined {
  const [, code = 0, count = 0] = frame;
  if ((code & EXCEPTION_FLAG) !== 0) return EXCEPTION_FRAME_BYTES;
  if (BY_COUNT.includes(code)) return 5 + count;
  if (code === 22) return 10;
  return [5, 6, 15, 16].includes(code) ? REQUEST_BYTES : undefined;
}

/** Codes of the functions whose answers contain their own length. */
const BY_COUNT: readonly number[] = [1, 2, 3, 4, 23];
/** Length of a read request, and of the answer to a write, in octets. */
const REQUEST_BYTES = 8;

/**
 * Describes why a frame with a valid CRC is not an answer to `request`: `an answer of unit 7`.
 * @returns `undefined` if `bytes` contain no such frame, so they are damaged
 */
export function mismatchWords(request: ModbusRequest, bytes: Uint8Array): string | undefined {
  for (let start = 0; start <= GLITCH_BYTES_MAX; start += 1) {
    const rest = bytes.subarray(start);
    const lengths = [frameBytes(rest), REQUEST_BYTES];
    for (const length of lengths) {
      if (length === undefined || rest.length < length || crc16(rest.subarray(0, length)) !== 0) continue;
      return differenceWords(request, rest.subarray(0, length));
    }
  }
  return undefined;
}

function differenceWords(request: ModbusRequest, frame: Uint8Array): string {
  const [unit = 0, code = 0, high = 0, low = 0] = frame;
  const answered = code & ~EXCEPTION_FLAG;
  const isRead = BY_COUNT.includes(code);
  if (isRead && frame.length !== high + 5) {
    const isEcho = encodeRequest(request).every((octet, index) => frame[index] === octet);
    return isEcho ? 'the request itself, echoed by the adapter' : `a request to unit ${unit} of another master`;
  }
  if (unit !== request.unit) return `an answer of unit ${unit}`;
  if (answered !== request.function) return `an answer to function ${answered} instead of ${request.function}`;
  if (isRead) return `an answer of ${high} octets instead of ${contentBytes(request)}`;
  const address = (high << 8) | low;
  if (address !== request.address) return `an answer for address ${address} instead of ${request.address}`;
  return 'an answer of another form';
}

function answerAt(request: ModbusRequest, bytes: Uint8Array): ModbusAnswer | undefined {
  if (bytes[0] !== request.unit) return undefined;
  if (bytes[1] === (request.function | EXCEPTION_FLAG)) {
    const frame = bytes.subarray(0, EXCEPTION_FRAME_BYTES);
    const isWhole = frame.length === EXCEPTION_FRAME_BYTES && crc16(frame) === 0;
    return isWhole ? { kind: 'exception', code: frame[2] ?? 0 } : undefined;
  }
  const head = answerHead(request);
  const length = answerBytes(request);
  const frame = bytes.subarray(0, length);
  if (frame.length < length || head.some((byte, index) => frame[index] !== byte)) return undefined;
  return crc16(frame) === 0 ? { kind: 'done', content: frame.slice(head.length, length - 2) } : undefined;
}

/** Returns the expected beginning of the answer. All of an answer except read data is known before it arrives. */
function answerHead(request: ModbusRequest): number[] {
  const { unit, function: code, address } = request;
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 23:
      return [unit, code, contentBytes(request)];
    case 5:
    case 6:
    case 15:
    case 16:
    case 22:
      // The beginning of an echo of the request (app §6.5, §6.6, §6.11, §6.12, §6.16).
      return [unit, code, ...word(address)];
  }
}

/** Content of the answer if the unit executes the write as requested. `undefined`: the request is a read. */
export function echoOf(request: ModbusRequest): Uint8Array | undefined {
  switch (request.function) {
    case 5:
    case 6:
    case 22:
      return Uint8Array.from(argumentsOf(request));
    case 15:
      return Uint8Array.from(word(request.bits.length));
    case 16:
      return Uint8Array.from(word(request.words.length));
    default:
      return undefined;
  }
}

function contentBytes(request: ModbusRequest): number {
  switch (request.function) {
    case 1:
    case 2:
      return Math.ceil(request.count / 8);
    case 3:
    case 4:
    case 23:
      return request.count * 2;
    default:
      return echoOf(request)?.length ?? 0;
  }
}

function word(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

/**
 * Packs bits into octets. The first bit is the lowest bit of the first octet; unused bits of the last octet are 0 (app
 * §6.11).
 */
function packBits(bits: readonly boolean[]): number[] {
  return Array.from({ length: Math.ceil(bits.length / 8) }, (_, octet) =>
    bits.slice(octet * 8, octet * 8 + 8).reduce((sum, bit, index) => sum | (bit ? 1 << index : 0), 0),
  );
}

/** Exception code (app §7): the unit has accepted the request and is processing it. */
export const ACKNOWLEDGE = 5;
/** Exception code (app §7): "server device busy"; the master should repeat the request later. */
export const BUSY = 6;

/** Meaning of exception codes (app §7), as text. */
export function exceptionWords(code: number): string {
  switch (code) {
    case 1:
      return 'illegal function';
    case 2:
      return 'illegal data address';
    case 3:
      return 'illegal data value';
    case 4:
      return 'server device failure';
    case 5:
      return 'accepted, still processing';
    case 6:
      return 'the unit is busy';
    case 8:
      return 'memory parity error';
    case 10:
      return 'the Modbus gateway has no path to the unit';
    case 11:
      return 'the unit behind the Modbus gateway does not answer';
    default:
      return `exception ${code}`;
  }
}
