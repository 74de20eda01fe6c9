/**
 * Simulated Modbus unit: the far end of a Modbus line, as a machine. Silence separates RTU frames, as in the standard
 * (Modbus over Serial Line V1.02 §2.5.1.1), and their length separates frames of Modbus TCP. Damaged frames and frames
 * for other units are ignored, so several units can be behind one address of Modbus TCP.
 *
 * The requests are decoded without the code of the master. Otherwise an error in that code could hide itself.
 */
import type { ChannelAction, ChannelInput, Machine } from '../../base/machine.ts';
import { crc16 } from '../../codec/crc16.ts';
import { appendCrc } from '../../codec/modbus-rtu.ts';

export interface SimulatedUnitOptions {
  readonly address: number;
  /** `rtu` if absent. */
  readonly framing?: 'rtu' | 'mbap';
  /** Number of bits and registers of each table. */
  readonly size: number;
  /** Silence between two frames, in ms. */
  readonly silenceMs: number;
  /** Time from the end of a request to the answer, in ms. `undefined`: no answer to this request. */
  readonly answerMs: () => number | undefined;
  /** Time after the answer to a read, and after the answer to a write, in which the unit receives nothing, ms. */
  readonly deafMs?: { readonly afterRead: number; readonly afterWrite: number };
}

/** Request to a unit: function code, first register or bit, and their number. */
export interface UnitRequest {
  readonly code: number;
  readonly start: number;
  readonly count: number;
}

/** MEI type and read code of an identification (Modbus Application Protocol V1.1b3 §6.21). */
const IDENTIFICATION = 14;
const BASIC = 1;
const ACKNOWLEDGE = 5;
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
/** Largest frame in bytes (§2.5.1). Longer sequences are noise. */
const FRAME_BYTES_MAX = 256;

/** Octets before the unit in a frame of Modbus TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b §3.1.3). */
const MBAP_BYTES = 6;

interface Reply {
  readonly atMs: number;
  /** Function code of the request. */
  readonly code: number;
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
  /** Texts of the identification (function 43/14), by number of the object. Empty: the unit does not know the function. */
  identification: readonly string[] = [];
  /** Largest number of these texts in one answer. */
  identificationMax = 3;
  /** Returns the frame that the unit sends instead of this answer: address, function and the other bytes. */
  alters: (body: readonly number[]) => readonly number[] = (body) => body;
  /** Number of executed requests. */
  requests = 0;
  readonly #options: SimulatedUnitOptions;
  #onReceived: number[] = [];
  #deafUntilMs = Number.NEGATIVE_INFINITY;
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

  /** True if the unit receives nothing now. */
  isDeafAt(nowMs: number): boolean {
    return nowMs < this.#deafUntilMs;
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
      case 'speedSet':
        return [];
      case 'bytes':
        if (this.isDeafAt(nowMs)) return [];
        if (this.#options.framing === 'mbap') return this.#stream(input.bytes, nowMs);
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
    for (const reply of due) {
      this.#replies.splice(this.#replies.indexOf(reply), 1);
      this.#deafUntilMs = nowMs + this.#deafMsAfter(reply.code);
    }
    return due.map(({ bytes }) => ({ kind: 'write', bytes }));
  }

  #deafMsAfter(code: number): number {
    const { afterRead, afterWrite } = this.#options.deafMs ?? { afterRead: 0, afterWrite: 0 };
    return code <= 4 ? afterRead : afterWrite;
  }

  /** Handles the complete frames of Modbus TCP. */
  #stream(bytes: Uint8Array, nowMs: number): [] {
    this.#onReceived.push(...bytes);
    for (;;) {
      const [high, low, , , length = 0, rest = 0] = this.#onReceived;
      const end = MBAP_BYTES + length * 0x100 + rest;
      if (this.#onReceived.length < Math.max(end, MBAP_BYTES)) return [];
      const frame = this.#onReceived.splice(0, end);
      const header = [high ?? 0, low ?? 0, 0, 0];
      this.#execute(Uint8Array.from(frame.slice(MBAP_BYTES)), nowMs, (body) =>
        Uint8Array.from([...header, body.length >> 8, body.length & 0xff, ...body]),
      );
    }
  }

  #act(frame: Uint8Array, nowMs: number): void {
    if (frame.length < 4 || frame.length > FRAME_BYTES_MAX || crc16(frame) !== 0) return;
    this.#execute(frame.subarray(0, -2), nowMs, appendCrc);
  }

  /** @param request unit, function and the other octets; @param framed the frame of such octets */
  #execute(request: Uint8Array, nowMs: number, framed: (body: readonly number[]) => Uint8Array): void {
    const { address, answerMs } = this.#options;
    const [unit, code = 0] = request;
    if (unit !== address && unit !== 0) return;
    this.requests += 1;
    const answer = this.#answer(code, request.subarray(2));
    const delayMs = unit === 0 ? undefined : answerMs();
    if (delayMs === undefined) return;
    const body = typeof answer === 'number' ? [address, code | 0x80, answer] : [address, code, ...answer];
    this.#replies.push({ atMs: nowMs + delayMs, code, bytes: framed(this.alters(body)) });
  }

  /** @returns the bytes after the function code, or an exception */
  #answer(code: number, body: Uint8Array): readonly number[] | number {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    if (code === 43 && this.identification.length > 0) return this.#identify(body);
    if (body.length < 4) return ILLEGAL_VALUE;
    const [start, second] = [view.getUint16(0), view.getUint16(2)];
    const request = { code, start, count: code === 5 || code === 6 || code === 22 ? 1 : second };
    const exception = this.exceptionTo(request);
    if (exception !== undefined) return exception;
    const answer = this.#obey(code, body, view);
    return typeof answer !== 'number' && this.acknowledges(request) ? ACKNOWLEDGE : answer;
  }

  /** @param body MEI type, read code and first object */
  #identify([type, read = 0, first = 0]: Uint8Array): readonly number[] | number {
    if (type !== IDENTIFICATION) return ILLEGAL_FUNCTION;
    if (read !== BASIC) return ILLEGAL_VALUE;
    const end = Math.min(first + this.identificationMax, this.identification.length);
    const objects = this.identification.slice(first, end).flatMap((text, index) => {
      const octets = [...text].map((character) => character.charCodeAt(0));
      return [first + index, octets.length, ...octets];
    });
    const follows = end < this.identification.length ? [0xff, end] : [0, 0];
    return [IDENTIFICATION, read, BASIC, ...follows, end - first, ...objects];
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
