/**
 * Simulated Modbus unit: the far end of a Modbus line, as a machine. Silence separates frames, as in the standard
 * (Modbus over Serial Line V1.02 §2.5.1.1). Damaged frames and frames for other units are ignored.
 *
 * The requests are decoded without the code of the master. Otherwise an error in that code could hide itself.
 */
import type { ChannelAction, ChannelInput, Machine } from '../../base/machine.ts';
import { crc16 } from '../../codec/crc16.ts';
import { appendCrc } from '../../codec/modbus-rtu.ts';

export interface SimulatedUnitOptions {
  readonly address: number;
  /** Number of bits and registers of each table. */
  readonly size: number;
  /** Silence between two frames, in ms. */
  readonly silenceMs: number;
  /** Time from the end of a request to the answer, in ms. `undefined`: no answer to this request. */
  readonly answerMs: () => number | undefined;
}

/** Request to a unit: function code, first register or bit, and their number. */
export interface UnitRequest {
  readonly code: number;
  readonly start: number;
  readonly count: number;
}

const ACKNOWLEDGE = 5;
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
/** Largest frame in bytes (§2.5.1). Longer sequences are noise. */
const FRAME_BYTES_MAX = 256;

interface Reply {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export class SimulatedUnit implements Machine<ChannelInput, ChannelAction> {
  readonly coils: Uint8Array;
  readonly discretes: Uint8Array;
  readonly holdings: Uint16Array;
  readonly inputs: Uint16Array;
  /**
   * Exception code that the unit sends instead of executing the request, e.g. 2 for a missing register, or 6 if the
   * unit is busy.
   */
  exceptionTo: (request: UnitRequest) => number | undefined = () => undefined;
  /** True if the unit executes the request and answers with exception 5 (acknowledge) instead of the result. */
  acknowledges: (request: UnitRequest) => boolean = () => false;
  /** Value that the unit stores for a value written to a holding register. */
  limit: (register: number, value: number) => number = (_, value) => value;
  /** Returns the frame that the unit sends instead of this answer: address, function and the other bytes. */
  alters: (body: readonly number[]) => readonly number[] = (body) => body;
  /** Number of executed requests. */
  requests = 0;
  readonly #options: SimulatedUnitOptions;
  #onReceived: number[] = [];
  #frameEndMs: number | undefined;
  readonly #replies: Reply[] = [];

  constructor(options: SimulatedUnitOptions) {
    const { size } = options;
    this.#options = options;
    this.coils = new Uint8Array(size);
    this.discretes = new Uint8Array(size);
    this.holdings = new Uint16Array(size);
    this.inputs = new Uint16Array(size);
  }

  wakeAtMs(): number | undefined {
    const times = [this.#frameEndMs, ...this.#replies.map(({ atMs }) => atMs)].filter((atMs) => atMs !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  handle(input: ChannelInput, nowMs: number): ChannelAction[] {
    switch (input.kind) {
      case 'start':
        return [{ kind: 'open' }];
      case 'stop':
        return [{ kind: 'close', reason: 'the unit is switched off' }];
      case 'bytes':
        if (this.#onReceived.length <= FRAME_BYTES_MAX) this.#onReceived.push(...input.bytes);
        this.#frameEndMs = nowMs + this.#options.silenceMs;
        return [];
      case 'wake':
        return this.#wake(nowMs);
      case 'opened':
      case 'closed':
        this.#onReceived = [];
        this.#frameEndMs = undefined;
        this.#replies.length = 0;
        return [];
    }
  }

  #wake(nowMs: number): ChannelAction[] {
    if (this.#frameEndMs !== undefined && nowMs >= this.#frameEndMs) {
      this.#act(Uint8Array.from(this.#onReceived), nowMs);
      this.#onReceived = [];
      this.#frameEndMs = undefined;
    }
    const due = this.#replies.filter(({ atMs }) => atMs <= nowMs);
    for (const reply of due) this.#replies.splice(this.#replies.indexOf(reply), 1);
    return due.map(({ bytes }) => ({ kind: 'write', bytes }));
  }

  #act(frame: Uint8Array, nowMs: number): void {
    const { address, answerMs } = this.#options;
    if (frame.length < 4 || frame.length > FRAME_BYTES_MAX || crc16(frame) !== 0) return;
    if (frame[0] !== address && frame[0] !== 0) return;
    this.requests += 1;
    const code = frame[1] ?? 0;
    const answer = this.#answer(code, frame.subarray(2, -2));
    const delayMs = frame[0] === 0 ? undefined : answerMs();
    if (delayMs === undefined) return;
    const body = typeof answer === 'number' ? [address, code | 0x80, answer] : [address, code, ...answer];
    this.#replies.push({ atMs: nowMs + delayMs, bytes: appendCrc(this.alters(body)) });
  }

  /** @returns the bytes after the function code, or an exception */
  #answer(code: number, body: Uint8Array): readonly number[] | number {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    if (body.length < 4) return ILLEGAL_VALUE;
    const [start, second] = [view.getUint16(0), view.getUint16(2)];
    const request = { code, start, count: code === 5 || code === 6 || code === 22 ? 1 : second };
    const exception = this.exceptionTo(request);
    if (exception !== undefined) return exception;
    const answer = this.#obey(code, body, view);
    return typeof answer !== 'number' && this.acknowledges(request) ? ACKNOWLEDGE : answer;
  }

  #obey(code: number, body: Uint8Array, view: DataView): readonly number[] | number {
    const [start, second] = [view.getUint16(0), view.getUint16(2)];
    switch (code) {
      case 1:
        return readBits(this.coils, start, second);
      case 2:
        return readBits(this.discretes, start, second);
      case 3:
        return readWords(this.holdings, start, second);
      case 4:
        return readWords(this.inputs, start, second);
      case 5:
        if (second !== 0 && second !== 0xff00) return ILLEGAL_VALUE;
        return this.#write(this.coils, start, [second === 0 ? 0 : 1]) ?? [...body];
      case 6:
        return this.#writeWords(start, [second]) ?? [...body.subarray(0, 2), ...octetsOf(this.limit(start, second))];
      case 15: {
        const bits = Array.from({ length: second }, (_, bit) => ((body[5 + (bit >> 3)] ?? 0) >> (bit & 7)) & 1);
        return this.#write(this.coils, start, bits) ?? [...body.subarray(0, 4)];
      }
      case 16:
        return this.#writeWords(start, wordsOf(body.subarray(5))) ?? [...body.subarray(0, 4)];
      case 22: {
        const [and, or] = [second, view.getUint16(4)];
        const value = ((this.holdings[start] ?? 0) & and) | (or & ~and & 0xffff);
        return this.#writeWords(start, [value]) ?? [...body];
      }
      case 23:
        return (
          this.#writeWords(view.getUint16(4), wordsOf(body.subarray(9))) ?? readWords(this.holdings, start, second)
        );
      default:
        return ILLEGAL_FUNCTION;
    }
  }

  #writeWords(start: number, words: readonly number[]): number | undefined {
    const limited = words.map((word, index) => this.limit(start + index, word));
    return this.#write(this.holdings, start, limited);
  }

  #write(table: Uint8Array | Uint16Array, start: number, values: readonly number[]): number | undefined {
    if (start + values.length > table.length) return ILLEGAL_ADDRESS;
    table.set(values, start);
    return undefined;
  }
}

function readBits(table: Uint8Array, start: number, count: number): readonly number[] | number {
  if (start + count > table.length) return ILLEGAL_ADDRESS;
  const octets = Array.from({ length: Math.ceil(count / 8) }, () => 0);
  for (let bit = 0; bit < count; bit += 1)
    octets[bit >> 3] = (octets[bit >> 3] ?? 0) | ((table[start + bit] ?? 0) << (bit & 7));
  return [octets.length, ...octets];
}

function readWords(table: Uint16Array, start: number, count: number): readonly number[] | number {
  if (start + count > table.length) return ILLEGAL_ADDRESS;
  const words = table.subarray(start, start + count);
  return [count * 2, ...Array.from(words).flatMap(octetsOf)];
}

function octetsOf(word: number): number[] {
  return [word >> 8, word & 0xff];
}

function wordsOf(octets: Uint8Array): number[] {
  return Array.from(
    { length: octets.length >> 1 },
    (_, index) => ((octets[index * 2] ?? 0) << 8) | (octets[index * 2 + 1] ?? 0),
  );
}
