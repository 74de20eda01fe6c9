/**
 * Reads the gateway's end of a connection with Modbus TCP and checks the rules of a client: whole frames with a valid
 * header, one request at a time, and an id of its own for each request (MODBUS Messaging on TCP/IP Implementation Guide
 * V1.0b §3.1.3, §4.4.1). Decodes frames without the code of the client.
 */
import { MBAP_ANSWER_MS_MAX } from './line-protocols.ts';

const HEADER_BYTES = 6;

/** Returns the octets from the unit on. */
export function unitOctets(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

export function transactionOf(frame: Uint8Array): number {
  return word(frame, 0);
}

/** Removes the whole frames from the beginning of `bytes`. @returns the frames and the rest */
export function framesIn(bytes: Uint8Array): { readonly frames: Uint8Array[]; readonly rest: Uint8Array } {
  const frames: Uint8Array[] = [];
  let at = 0;
  while (bytes.length - at >= HEADER_BYTES) {
    const end = at + HEADER_BYTES + word(bytes, at + 4);
    if (end > bytes.length) break;
    frames.push(bytes.slice(at, end));
    at = end;
  }
  return { frames, rest: bytes.slice(at) };
}

export class MbapTap {
  readonly #complain: (what: string) => void;
  /** Last request. `untilMs`: time until which it may be answered; an answered one has none. */
  #request: { readonly frame: Uint8Array; untilMs: number | undefined } | undefined;

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  opened(): void {
    this.#request = undefined;
  }

  /** Checks a request when the gateway writes it. */
  asked(bytes: Uint8Array, nowMs: number): void {
    const { frames, rest } = framesIn(bytes);
    const [frame] = frames;
    if (frame === undefined || frames.length > 1 || rest.length > 0 || word(frame, 2) !== 0)
      return this.#complain('a Modbus TCP request that is not one frame');
    const before = this.#request;
    this.#request = { frame, untilMs: nowMs + MBAP_ANSWER_MS_MAX };
    if (before === undefined) return;
    const isRepetition = Buffer.compare(before.frame, frame) === 0;
    if (!isRepetition && transactionOf(before.frame) === transactionOf(frame))
      this.#complain(`a Modbus TCP request with the transaction id ${transactionOf(frame)} of another one`);
    if (before.untilMs !== undefined && nowMs < before.untilMs)
      this.#complain(`a Modbus TCP request while unit ${unitOctets(before.frame)[0]} may still answer another`);
  }

  /** Reads a frame to the gateway. */
  heard(frame: Uint8Array): void {
    if (this.#request === undefined || transactionOf(frame) !== transactionOf(this.#request.frame)) return;
    if (unitOctets(frame)[0] === unitOctets(this.#request.frame)[0]) this.#request.untilMs = undefined;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
