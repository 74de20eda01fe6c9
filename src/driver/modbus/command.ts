/**
 * Execution of a command for a unit, `{"name": value, …}`: each point is written and read back, and the result is
 * reported.
 *
 *     next ─▶ request ─▶ onReceived ─▶ next … until `onReceived` returns the end
 *
 *     write ─done▶ read back ─▶ the next point
 *       │ busy (6): again after a pause, for `busyMs`; then read back, and the command ends
 *       └ acknowledge (5): read back after a pause, for `busyMs` or until the unit holds the value
 *
 * If one value is not allowed, nothing is written.
 */

import { digitsOf } from '../../base/decimal.ts';
import { type Decoded, decoded, undecodable } from '../../base/decoded.ts';
import { ACKNOWLEDGE, BUSY, echoOf, exceptionWords, type ModbusRequest } from '../../codec/modbus-pdu.ts';
import type { AnswerFailure } from './adapter-echo.ts';
import { decodeEntries } from './json.ts';
import { decodePoint, isNumeric, isSame, type Point, type PointValue, READ_FUNCTION, widthOf } from './points.ts';
import type { TransactionOutcome } from './transaction.ts';
import { encodeWrite, valueProblem, type WriteMode } from './writes.ts';

export interface Write {
  readonly point: Point;
  readonly value: PointValue;
}

/** Published result. `values`: values read back from the unit after the writes. */
export interface CommandResult {
  readonly ok: boolean;
  readonly error?: string;
  readonly values?: Readonly<Record<string, PointValue>>;
}

/** `refused`: the unit rejected the command. `lost`: no answer; part of the command may have been executed. */
export interface CommandEnding {
  readonly as: 'delivered' | 'refused' | 'lost';
  readonly result: CommandResult;
}

export function decodeCommand(payload: Uint8Array, points: readonly Point[]): Decoded<Write[]> {
  const entries = decodeEntries(payload);
  if (entries === undefined) return undecodable('not a JSON object such as {"name": 1}');
  if (entries.length === 0) return undecodable('the command names no point');
  const writes: Write[] = [];
  for (const [name, value] of entries) {
    const point = points.find((one) => one.name === name);
    if (point === undefined) return undecodable(`${shown(name)} is not a point of this unit`);
    const problem = valueProblem(point, value);
    if (problem !== undefined) return undecodable(`${name} ${problem}`);
    writes.push({ point, value: value as PointValue });
  }
  return decoded(writes);
}

/** Name from outside, cut to the largest length of a name. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

/** State of the current point. */
interface Progress {
  /** `look`: the unit was busy for `busyMs`. Its present value is read, and nothing more is written. */
  readonly step: 'write' | 'read back' | 'look';
  /** Value in the unit's answer to the write, if it differs from the one that was sent. */
  readonly answered: PointValue | undefined;
  /** Time since which the unit reports busy or unfinished. */
  readonly waitsSinceMs: number | undefined;
  readonly againAtMs: number;
}

const BEGUN: Progress = { step: 'write', answered: undefined, waitsSinceMs: undefined, againAtMs: 0 };

export interface CommandTerms {
  readonly unit: number;
  readonly mode: WriteMode;
  /** Longest time for which a unit may be busy with one point. */
  readonly busyMs: number;
}

/** Pause between two attempts at a busy unit. */
const PAUSE_MS = 500;

export class ModbusCommand {
  private readonly terms: CommandTerms;
  private readonly writes: readonly Write[];
  /** Values of the completed writes; the next write is in progress. */
  private values: readonly (readonly [string, PointValue])[] = [];
  private progress = BEGUN;
  private problem: string | undefined;

  /** @param writes at least one */
  constructor(writes: readonly Write[], terms: CommandTerms) {
    this.writes = writes;
    this.terms = terms;
  }

  /** Monotonic ms before which the unit must not be asked. */
  get nextAtMs(): number {
    return this.progress.againAtMs;
  }

  /** Next request to the unit, until the command has ended. */
  next(nowMs: number): ModbusRequest | undefined {
    const write = this.underWay;
    if (write === undefined || nowMs < this.progress.againAtMs) return undefined;
    const { point } = write;
    if (this.progress.step === 'write') return this.encode(write);
    const { table, address } = point;
    return { function: READ_FUNCTION[table], unit: this.terms.unit, address, count: widthOf(point) };
  }

  /** @returns the end of the command; `undefined`: the command continues */
  onReceived(outcome: TransactionOutcome, nowMs: number): CommandEnding | undefined {
    const write = this.underWay;
    if (write === undefined) return undefined;
    const { name } = write.point;
    if (outcome.kind === 'no answer') return this.missed(name, outcome.onReceived);
    if (outcome.kind === 'sent') return this.wrote(name, write.value);
    if (outcome.kind === 'exception') {
      const isWait = outcome.code === BUSY || outcome.code === ACKNOWLEDGE;
      return isWait && this.progress.step !== 'look'
        ? this.wait(write, outcome.code, nowMs)
        : this.refused(write, exceptionWords(outcome.code));
    }
    const request = this.encode(write);
    if (this.progress.step !== 'write' || request.function === 23) return this.readBack(write, outcome.content, nowMs);
    this.progress = { ...BEGUN, step: 'read back', answered: answeredValue(write, request, outcome.content) };
    return undefined;
  }

  private get underWay(): Write | undefined {
    return this.writes[this.values.length];
  }

  private encode({ point, value }: Write): ModbusRequest {
    return encodeWrite(point, value, this.terms);
  }

  private missed(name: string, onReceived: AnswerFailure): CommandEnding {
    const isLastWritten = this.progress.step === 'read back' && this.values.length === this.writes.length - 1;
    const why = onReceived.kind === 'mismatch' ? `received ${onReceived.words}` : 'no answer';
    this.problem ??= isLastWritten ? `${name} was written and not read back: ${why}` : `${name}: ${why}`;
    return this.ending(isLastWritten ? 'delivered' : 'lost');
  }

  /**
   * Handles a unit that is busy or has not finished the write: the request is repeated, and finally the value is read.
   */
  private wait(write: Write, code: number, nowMs: number): CommandEnding | undefined {
    const { step } = this.progress;
    if (this.mayWait(nowMs)) {
      this.again(code === ACKNOWLEDGE ? 'read back' : step, nowMs);
      return undefined;
    }
    if (step === 'read back') return this.refused(write, exceptionWords(code));
    this.progress = { ...this.progress, step: 'look', againAtMs: nowMs };
    return undefined;
  }

  private mayWait(nowMs: number): boolean {
    return nowMs - (this.progress.waitsSinceMs ?? nowMs) < this.terms.busyMs;
  }

  private again(step: Progress['step'], nowMs: number): void {
    const waitsSinceMs = this.progress.waitsSinceMs ?? nowMs;
    this.progress = { ...this.progress, step, waitsSinceMs, againAtMs: nowMs + PAUSE_MS };
  }

  private refused({ point: { name } }: Write, words: string): CommandEnding | undefined {
    const { step, answered } = this.progress;
    if (step === 'look') {
      this.problem ??= `${name} was not written: ${exceptionWords(BUSY)}`;
      return this.ending('refused');
    }
    if (step === 'write') {
      this.problem ??= `${name} was refused: ${words}`;
      return this.ending('refused');
    }
    this.problem ??=
      answered === undefined ? `${name} was written and cannot be read back: ${words}` : limitedTo(name, answered);
    return this.wrote(name, answered ?? null);
  }

  private readBack(write: Write, content: Uint8Array, nowMs: number): CommandEnding | undefined {
    const { point } = write;
    const { name } = point;
    const { step, answered, waitsSinceMs } = this.progress;
    const found = decodePoint(point, content, point.address);
    const isDone = isSame({ ...point, deadband: 0 }, this.meant(write), found);
    if (isDone) return this.wrote(name, found);
    if (step === 'look') {
      this.problem ??= `${name} was not written: ${exceptionWords(BUSY)}`;
      this.values = [...this.values, [name, found]];
      return this.ending('refused');
    }
    if (waitsSinceMs !== undefined && this.mayWait(nowMs)) {
      this.again('read back', nowMs);
      return undefined;
    }
    const wrote = waitsSinceMs === undefined ? 'written' : 'accepted';
    this.problem ??=
      answered === undefined ? `${name} was ${wrote} and reads back as ${shownValue(found)}` : limitedTo(name, found);
    return this.wrote(name, found);
  }

  /** Value as the unit's registers can hold it. */
  private meant(write: Write): PointValue {
    const request = this.encode(write);
    const words =
      request.function === 6
        ? [request.value]
        : request.function === 16 || request.function === 23
          ? request.words
          : [];
    if (words.length === 0) return write.value;
    const content = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
    return decodePoint(write.point, content, write.point.address);
  }

  private wrote(name: string, value: PointValue): CommandEnding | undefined {
    this.values = [...this.values, [name, value]];
    this.progress = BEGUN;
    return this.underWay === undefined ? this.ending('delivered') : undefined;
  }

  private ending(as: CommandEnding['as']): CommandEnding {
    const values = this.values.length === 0 ? {} : { values: Object.fromEntries(this.values) };
    const error = this.problem === undefined ? {} : { error: this.problem };
    return { as, result: { ok: this.problem === undefined, ...error, ...values } };
  }
}

/** Value in the answer to a write. `undefined`: the one that was sent, or none in the answer. */
function answeredValue({ point }: Write, request: ModbusRequest, content: Uint8Array): PointValue | undefined {
  if (echoOf(request)?.every((byte, index) => byte === content[index]) !== false) return undefined;
  if (request.function === 5) return content[0] === 0xff;
  return request.function === 6 ? decodePoint(point, content, point.address) : undefined;
}

const limitedTo = (name: string, value: PointValue): string => `${name} was limited to ${shownValue(value)}`;

const shownValue = (value: PointValue): string => (isNumeric(value) ? digitsOf(value) : String(value));
