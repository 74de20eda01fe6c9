/**
 * Modbus PDUs from the view of a master: requests become octets, and octets become the answer to one request. A PDU is
 * the same on a serial line and on TCP: the function and its data.
 *
 * An answer does not contain the requested address of a read. So an answer can be read only together with its request,
 * which gives the function and the length. Octets that do not match give a result, never an exception. Source: Modbus
 * Application Protocol V1.1b3 ("app").
 */
import { BASIC_STREAM, IDENTIFICATION_MEI, identificationBytes } from './modbus-identification.ts';

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
  /** Identification of the unit from this object on (app §6.21, MEI type 14). */
  | { readonly function: 43; readonly unit: number; readonly object: number }
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
/** Octets of the largest PDU (app §4.1). */
const PDU_BYTES_MAX = 253;
const EXCEPTION_PDU_BYTES = 2;
const EXCEPTION_FLAG = 0x80;
/** Value that switches a coil on (app §6.5). */
const COIL_ON = 0xff00;
/** Codes of the functions whose answers contain their own length. */
const BY_COUNT: readonly number[] = [1, 2, 3, 4, 23];

export const isException = (code: number): boolean => (code & EXCEPTION_FLAG) !== 0;
export const isAnsweredByCount = (code: number): boolean => BY_COUNT.includes(code);

export function encodePdu(request: ModbusRequest): number[] {
  if (request.function === 43) return [43, IDENTIFICATION_MEI, BASIC_STREAM, request.object];
  return [request.function, ...word(request.address), ...argumentsOf(request)];
}

function argumentsOf(request: Exclude<ModbusRequest, { function: 43 }>): number[] {
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

/**
 * Number of octets of the answer; of an identification, the largest number. @param code its first octet; absent: the
 * answer is not an exception
 */
export function answerPduBytes(request: ModbusRequest, code: number = request.function): number {
  return isException(code) ? EXCEPTION_PDU_BYTES : answerHead(request).length + contentBytes(request);
}

/**
 * Reads the answer to `request`. An answer is accepted only if its function, its length and its repeated request fields
 * match. @returns `undefined` if the PDU is not an answer to the request
 */
export function readAnswer(request: ModbusRequest, pdu: Uint8Array): ModbusAnswer | undefined {
  const [code = 0, exception = 0] = pdu;
  const isIdentification = request.function === 43 && code === 43;
  if (pdu.length !== (isIdentification ? identificationBytes(pdu) : answerPduBytes(request, code))) return undefined;
  if (code === (request.function | EXCEPTION_FLAG)) return { kind: 'exception', code: exception };
  const head = answerHead(request);
  if (head.some((octet, index) => pdu[index] !== octet)) return undefined;
  return { kind: 'done', content: pdu.slice(head.length) };
}

/** Describes why a whole PDU of the right unit is not an answer to `request`: `an answer to function 4 instead of 3`. */
export function differenceWords(request: ModbusRequest, pdu: Uint8Array): string {
  const [code = 0, high = 0, low = 0] = pdu;
  const answered = code & ~EXCEPTION_FLAG;
  if (answered !== request.function) return `an answer to function ${answered} instead of ${request.function}`;
  if (isException(code)) return 'an answer of another form';
  const octets = pdu.length - 2;
  if (isAnsweredByCount(code) && octets !== contentBytes(request))
    return `an answer of ${octets} ${octets === 1 ? 'octet' : 'octets'} instead of ${contentBytes(request)}`;
  const address = (high << 8) | low;
  if (request.function !== 43 && !isAnsweredByCount(code) && address !== request.address)
    return `an answer for address ${address} instead of ${request.address}`;
  return 'an answer of another form';
}

/** Returns the expected beginning of the answer. All of an answer except read data is known before it arrives. */
function answerHead(request: ModbusRequest): number[] {
  if (request.function === 43) return [43, IDENTIFICATION_MEI, BASIC_STREAM];
  const { function: code, address } = request;
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 23:
      return [code, contentBytes(request)];
    case 5:
    case 6:
    case 15:
    case 16:
    case 22:
      // The beginning of an echo of the request (app §6.5, §6.6, §6.11, §6.12, §6.16).
      return [code, ...word(address)];
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
    case 43:
      return PDU_BYTES_MAX - answerHead(request).length;
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

/** True for an exception (app §7) by which a Modbus gateway reports that a unit gave no answer. */
export const isSilence = (code: number): boolean => code === 10 || code === 11;

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
