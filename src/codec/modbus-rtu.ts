/**
 * Modbus RTU frames from the view of a master: a unit, a PDU and a CRC.
 *
 * An answer does not identify its request, and only silence separates frames. So bytes can be read only together with a
 * request. Bytes that do not match give a result, never an exception. Source: Modbus over Serial Line V1.02 ("line").
 */
import { crc16 } from './crc16.ts';
import { identificationBytes } from './modbus-identification.ts';
import {
  answerPduBytes,
  differenceWords,
  encodePdu,
  isAnsweredByCount,
  isException,
  type ModbusAnswer,
  type ModbusRequest,
  readAnswer,
} from './modbus-pdu.ts';

/** Size of the largest frame (line §2.5.1). */
export const FRAME_BYTES_MAX = 256;

const EXCEPTION_FRAME_BYTES = 5;
/** Octets of a frame around its PDU: unit and CRC. */
const OVERHEAD_BYTES = 3;
/**
 * Largest number of bytes before an answer that are ignored. The direction change of an RS-485 line can look like one
 * or two bytes. The content of an answer begins at its fourth byte, so a frame inside the content of another frame
 * cannot be taken for an answer.
 */
export const GLITCH_BYTES_MAX = 2;

/** Returns the body followed by its CRC. The CRC is sent low byte first (line §2.5.1.2). */
export function appendCrc(body: readonly number[]): Uint8Array {
  const crc = crc16(Uint8Array.from(body));
  return Uint8Array.from([...body, crc & 0xff, crc >>> 8]);
}

export function encodeRequest(request: ModbusRequest): Uint8Array {
  return appendCrc([request.unit, ...encodePdu(request)]);
}

/** Number of octets of the answer, if the answer is not an exception. */
export function answerBytes(request: ModbusRequest): number {
  return answerPduBytes(request) + OVERHEAD_BYTES;
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
  if (isException(code)) return EXCEPTION_FRAME_BYTES;
  if (isAnsweredByCount(code)) return 5 + count;
  if (code === 22) return 10;
  return [5, 6, 15, 16].includes(code) ? REQUEST_BYTES : undefined;
}

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
      return frameDifference(request, rest.subarray(0, length));
    }
  }
  return undefined;
}

function frameDifference(request: ModbusRequest, frame: Uint8Array): string {
  const [unit = 0, code = 0, count = 0] = frame;
  if (isAnsweredByCount(code) && frame.length !== count + 5) {
    const isEcho = encodeRequest(request).every((octet, index) => frame[index] === octet);
    return isEcho ? 'the request itself, echoed by the adapter' : `a request to unit ${unit} of another master`;
  }
  return unit === request.unit ? differenceWords(request, frame.subarray(1, -2)) : `an answer of unit ${unit}`;
}

function answerAt(request: ModbusRequest, bytes: Uint8Array): ModbusAnswer | undefined {
  const [unit, code] = bytes;
  if (unit !== request.unit) return undefined;
  const isIdentification = request.function === 43 && code === 43;
  const pduBytes = isIdentification ? identificationBytes(bytes.subarray(1)) : answerPduBytes(request, code);
  if (pduBytes === undefined) return undefined;
  const length = pduBytes + OVERHEAD_BYTES;
  const frame = bytes.subarray(0, length);
  if (frame.length < length || crc16(frame) !== 0) return undefined;
  return readAnswer(request, frame.subarray(1, -2));
}
