/**
 * Echo of an RS-485 adapter that receives while it sends: the bytes of each request come back before its answer.
 *
 *     request ─▶ echo (the same bytes) ─▶ answer
 *
 * The answer to functions 5 and 6 is equal to its request (app §6.5, §6.6), and a few requests for bits are equal to a
 * valid answer. So an echo can look like an answer. With `auto`, the reads decide: their answer follows the request
 * (`present`), or comes without it (`absent`). Before that, nothing that begins with the request counts as an answer,
 * and no unit gets a command, because it is attached only after an answered read. A port that is opened again is
 * `unknown` again: another adapter may be plugged in.
 */
import type { ModbusAnswer, ModbusRequest } from '../../codec/modbus-pdu.ts';
import { encodeRequest, findAnswer, GLITCH_BYTES_MAX, mismatchWords } from '../../codec/modbus-rtu.ts';
import { isRead } from './pauses.ts';

/** `on`: each answer follows an echo. `off`: received bytes are never an echo. */
export type EchoMode = 'auto' | 'on' | 'off';

/** `echo`: only the echo of the request. `mismatch`: an undamaged frame that does not answer the request, with the reason. */
export type AnswerFailure =
  | { readonly kind: 'nothing' | 'damage' | 'echo' }
  | { readonly kind: 'mismatch'; readonly words: string };

/** Shortest beginning of a request that may be an echo. A shorter one is not an answer either. */
const BEGINNING_MIN = 3;

export class AdapterEcho {
  private readonly mode: EchoMode;
  private state: 'unknown' | 'present' | 'absent' = 'unknown';
  /** An echo has come in the current transaction. */
  private hasCome = false;

  constructor(mode: EchoMode) {
    this.mode = mode;
  }

  /** True if received bytes begin with the request that was sent. */
  get isExpected(): boolean {
    return this.mode === 'on' || (this.mode === 'auto' && this.state === 'present');
  }

  opened(): void {
    this.state = 'unknown';
  }

  /** Called when a transaction begins; a repetition belongs to it. */
  begin(): void {
    this.hasCome = false;
  }

  /** @param received bytes since the request was sent */
  findAnswer(request: ModbusRequest, received: Uint8Array): ModbusAnswer | undefined {
    if (this.mode === 'off') return findAnswer(request, received);
    const sent = encodeRequest(request);
    const end = echoEnd(sent, received);
    const answer = end === undefined ? undefined : findAnswer(request, received.subarray(end));
    this.hasCome ||= answer !== undefined || this.isEcho(request, end);
    if (this.mode === 'on') return answer;
    if (answer !== undefined) this.state = 'present';
    return answer ?? this.findWithoutEcho(request, sent, received);
  }

  /** True if the received bytes contain an echo of the request. */
  isIn(request: ModbusRequest, received: Uint8Array): boolean {
    return this.isEcho(request, echoEnd(encodeRequest(request), received));
  }

  /** Reason why the received bytes contain no answer. */
  failureOf(request: ModbusRequest, received: Uint8Array): AnswerFailure {
    const mayEcho = this.mode === 'on' || (this.mode === 'auto' && this.state !== 'absent');
    const end = mayEcho ? echoEnd(encodeRequest(request), received) : undefined;
    const rest = received.subarray(end ?? 0);
    if (rest.length === 0) return { kind: end === undefined ? 'nothing' : 'echo' };
    if (this.mode === 'on' && end === undefined && findAnswer(request, received) !== undefined)
      return { kind: 'mismatch', words: 'an answer without an echo before it, but echo is "on"' };
    const words = mismatchWords(request, rest);
    return words === undefined ? { kind: 'damage' } : { kind: 'mismatch', words };
  }

  /** Finds the answer on a line without an echo. */
  private findWithoutEcho(request: ModbusRequest, sent: Uint8Array, received: Uint8Array): ModbusAnswer | undefined {
    if (this.state !== 'absent' && mayBeEcho(sent, received)) return undefined;
    const isEvidence = isRead(request) && !this.hasCome;
    if (this.state === 'present' && !isEvidence) return undefined;
    const answer = findAnswer(request, received);
    if (answer !== undefined && isEvidence) this.state = 'absent';
    return answer;
  }

  /** @param end end of the bytes that are equal to the request; they may be the answer to a write */
  private isEcho(request: ModbusRequest, end: number | undefined): boolean {
    return end !== undefined && (isRead(request) || this.isExpected);
  }
}

/** End of the first whole copy of the request. `undefined`: there is none. */
function echoEnd(sent: Uint8Array, received: Uint8Array): number | undefined {
  for (let start = 0; start <= GLITCH_BYTES_MAX; start += 1)
    if (received.length >= start + sent.length && isBeginning(received.subarray(start), sent))
      return start + sent.length;
  return undefined;
}

/** True if the bytes are a copy of the request, or the beginning of one. */
function mayBeEcho(sent: Uint8Array, received: Uint8Array): boolean {
  for (let start = 0; start <= GLITCH_BYTES_MAX; start += 1) {
    const rest = received.subarray(start);
    if (rest.length >= BEGINNING_MIN && (isBeginning(rest, sent) || isBeginning(sent, rest))) return true;
  }
  return false;
}

function isBeginning(whole: Uint8Array, beginning: Uint8Array): boolean {
  return beginning.every((octet, index) => whole[index] === octet);
}
