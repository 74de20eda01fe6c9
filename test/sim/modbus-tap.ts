/**
 * Reads the gateway's end of a Modbus line and checks the rules of a master: whole frames with a correct CRC, one request at
 * a time, silence between frames (Modbus over Serial Line V1.02 §2.4, §2.5.1.1).
 */
import { crc16 } from '../../src/codec/crc16.ts';
import { ANSWER_MS_MAX } from './line-protocols.ts';
import { BYTES_PER_MS } from './virtual-line.ts';

/** Silence between frames above 19,200 baud (§2.5.1.1). */
const SILENCE_MS = 1.75;
/** Largest number of noise bytes before an answer; any number may follow. */
const NOISE_BYTES_MAX = 2;
const ANSWER_BYTES_MIN = 5;

export class ModbusTap {
  readonly #complain: (what: string) => void;
  #request: { readonly bytes: Uint8Array; readonly untilMs: number } | undefined;
  #quietAtMs = 0;

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  opened(): void {
    this.#request = undefined;
  }

  /** Checks a request when the gateway begins to write. */
  asked(bytes: Uint8Array, nowMs: number): void {
    if (bytes.length < 4 || crc16(bytes) !== 0) this.#complain('a Modbus request without a correct CRC');
    if (this.#request !== undefined && nowMs < this.#request.untilMs)
      this.#complain(`a Modbus request while unit ${this.#request.bytes[0]} may still answer another`);
    if (nowMs < this.#quietAtMs) this.#complain('a Modbus request within the silence that ends a frame');
    const goneAtMs = nowMs + bytes.length / BYTES_PER_MS;
    this.#request = { bytes: bytes.slice(), untilMs: goneAtMs + ANSWER_MS_MAX };
    this.#quietAtMs = goneAtMs + SILENCE_MS;
  }

  /** Reads bytes to the gateway. */
  heard(bytes: Uint8Array, nowMs: number): void {
    this.#quietAtMs = nowMs + SILENCE_MS;
    const request = this.#request?.bytes;
    if (request === undefined) return;
    for (let start = 0; start <= NOISE_BYTES_MAX; start += 1)
      for (let end = start + ANSWER_BYTES_MIN; end <= bytes.length; end += 1) {
        const frame = bytes.subarray(start, end);
        const isItsOwn = frame[0] === request[0] && ((frame[1] ?? 0) & 0x7f) === request[1];
        if (isItsOwn && crc16(frame) === 0) this.#request = undefined;
      }
  }
}
