/**
 * A command for a unit, `{"name": value, …}`, carried out: written point by point, each read back, and told of in words.
 *
 *     next ─▶ request ─▶ heard ─▶ next … until `heard` says how it ended
 *
 * Nothing is written unless all of it may be.
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';
import type { Restorable } from '../base/snapshot.ts';
import { exceptionWords, type ModbusRequest } from '../codec/modbus-rtu.ts';
import {
  decodePoint,
  encodeWrite,
  type Point,
  type PointValue,
  READ_FUNCTION,
  valueProblem,
  type WriteMode,
  widthOf,
} from './modbus-points.ts';
import type { Outcome } from './modbus-transaction.ts';

export interface Write {
  readonly point: Point;
  readonly value: PointValue;
}

/** What is published of it. `values`: what the unit has been seen to hold after the write. */
export interface CommandResult {
  readonly ok: boolean;
  readonly error?: string;
  readonly values?: Readonly<Record<string, PointValue>>;
}

/** `refused`: the unit said no. `lost`: it said nothing, and may have done some of it. */
export interface Ending {
  readonly as: 'delivered' | 'refused' | 'lost';
  readonly result: CommandResult;
}

export function decodeCommand(payload: Uint8Array, points: readonly Point[]): Decoded<Write[]> {
  const values = parseObject(payload);
  if (values === undefined) return undecodable('not a JSON object such as {"name": 1}');
  const entries = Object.entries(values);
  if (entries.length === 0) return undecodable('names no point');
  const writes: Write[] = [];
  for (const [name, value] of entries) {
    const point = points.find((one) => one.name === name);
    if (point === undefined) return undecodable(`${shown(name)} is no point of this unit`);
    const problem = valueProblem(point, value);
    if (problem !== undefined) return undecodable(`${name} ${problem}`);
    writes.push({ point, value: value as PointValue });
  }
  return decoded(writes);
}

function parseObject(payload: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A name from outside, in at most as many characters as a name may have. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

/** The writes are left out: they follow from the command's payload. */
export interface ModbusCommandSnapshot {
  readonly values: readonly (readonly [string, PointValue])[];
  readonly isReadingBack: boolean;
  readonly problem: string | undefined;
}

export class ModbusCommand implements Restorable<ModbusCommandSnapshot> {
  readonly #unit: number;
  readonly #mode: WriteMode;
  readonly #writes: readonly Write[];
  /** Of the writes that are done; the next one is under way. */
  #values: readonly (readonly [string, PointValue])[] = [];
  #isReadingBack = false;
  #problem: string | undefined;

  /** @param writes at least one */
  constructor(writes: readonly Write[], by: { readonly unit: number; readonly mode: WriteMode }) {
    this.#writes = writes;
    this.#unit = by.unit;
    this.#mode = by.mode;
  }

  /** What the unit is to be asked now, until it has ended. */
  next(): ModbusRequest | undefined {
    const write = this.#underWay;
    if (write === undefined) return undefined;
    const { point } = write;
    if (!this.#isReadingBack) return this.#encode(write);
    const { table, address } = point;
    return { function: READ_FUNCTION[table], unit: this.#unit, address, count: widthOf(point) };
  }

  /** @returns how the command ended; `undefined`: it goes on */
  heard(outcome: Outcome): Ending | undefined {
    const write = this.#underWay;
    if (write === undefined) return undefined;
    const { name } = write.point;
    if (outcome.kind === 'no answer') return this.#missed(name);
    if (outcome.kind === 'sent') return this.#wrote(name, write.value);
    if (outcome.kind === 'exception') return this.#refused(name, exceptionWords(outcome.code));
    if (this.#isReadingBack || outcome.content.length > 0) return this.#readBack(write, outcome.content);
    this.#isReadingBack = true;
    return undefined;
  }

  snapshot(): ModbusCommandSnapshot {
    return { values: this.#values, isReadingBack: this.#isReadingBack, problem: this.#problem };
  }

  restore({ values, isReadingBack, problem }: ModbusCommandSnapshot): void {
    this.#values = values;
    this.#isReadingBack = isReadingBack;
    this.#problem = problem;
  }

  get #underWay(): Write | undefined {
    return this.#writes[this.#values.length];
  }

  #encode({ point, value }: Write): ModbusRequest {
    return encodeWrite(point, value, { unit: this.#unit, mode: this.#mode });
  }

  #missed(name: string): Ending {
    const isLastWritten = this.#isReadingBack && this.#values.length === this.#writes.length - 1;
    this.#problem ??= isLastWritten ? `${name} was written and not read back: no answer` : `${name}: no answer`;
    return this.#ending(isLastWritten ? 'delivered' : 'lost');
  }

  #refused(name: string, words: string): Ending | undefined {
    if (this.#isReadingBack) {
      this.#problem ??= `${name} was written and cannot be read back: ${words}`;
      return this.#wrote(name, null);
    }
    this.#problem ??= `${name} was refused: ${words}`;
    return this.#ending('refused');
  }

  #readBack(write: Write, content: Uint8Array): Ending | undefined {
    const { point } = write;
    const found = decodePoint(point, content, point.address);
    if (found !== this.#meant(write)) this.#problem ??= `${point.name} was written and reads back as ${found}`;
    return this.#wrote(point.name, found);
  }

  /** The value as the unit's registers can hold it. */
  #meant(write: Write): PointValue {
    const request = this.#encode(write);
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

  #wrote(name: string, value: PointValue): Ending | undefined {
    this.#values = [...this.#values, [name, value]];
    this.#isReadingBack = false;
    return this.#underWay === undefined ? this.#ending('delivered') : undefined;
  }

  #ending(as: Ending['as']): Ending {
    const values = this.#values.length === 0 ? {} : { values: Object.fromEntries(this.#values) };
    const error = this.#problem === undefined ? {} : { error: this.#problem };
    return { as, result: { ok: this.#problem === undefined, ...error, ...values } };
  }
}
