/**
 * What is known of a unit's points, what of it has been told, and when it is time to tell again.
 *
 *     {"flow": 12.5, "setpoint": null, "$errors": {"setpoint": "illegal data address"}}
 */
import type { Restorable } from '../../base/snapshot.ts';
import { exceptionWords } from '../../codec/modbus-rtu.ts';
import type { Block } from './blocks.ts';
import { decodePoint, isSame, type Point, type PointValue } from './points.ts';
import type { TransactionOutcome } from './transaction.ts';

/** Why there is no value, by name of the point; no point has this name. */
const ERRORS = '$errors';
const NOT_A_NUMBER = 'not a number';

export interface PointReading {
  readonly value: PointValue;
  /** Why it is `null`. */
  readonly error: string | undefined;
}

/** What is published. */
export type UnitState = Readonly<Record<string, PointValue | Readonly<Record<string, string>>>>;

/** A change waits for the rest of its round of polls, and no longer. */
const ROUND_MS_MAX = 1000;

export interface ModbusStateSnapshot {
  readonly values: ReadonlyMap<string, PointReading>;
  readonly published: ReadonlyMap<string, PointReading>;
  readonly publishedAtMs: number | undefined;
  readonly changedAtMs: number | undefined;
}

export class ModbusState implements Restorable<ModbusStateSnapshot> {
  readonly #points: readonly Point[];
  readonly #heartbeatMs: number;
  #values = new Map<string, PointReading>();
  #published: ReadonlyMap<string, PointReading> = new Map();
  #publishedAtMs: number | undefined;
  #changedAtMs: number | undefined;

  /** @param heartbeatMs told at least so often; 0 = only when it changes */
  constructor(points: readonly Point[], heartbeatMs: number) {
    this.#points = points;
    this.#heartbeatMs = heartbeatMs;
  }

  get hasNews(): boolean {
    return this.#changedAtMs !== undefined;
  }

  /** Of points that the unit has answered for without a value. */
  get errors(): { readonly words: string; readonly isRefused: boolean }[] {
    return this.#points.flatMap(({ name, table, address }) => {
      const error = this.#values.get(name)?.error;
      const words = `${name} (${table} ${address}): ${error}`;
      return error === undefined ? [] : [{ words, isRefused: error !== NOT_A_NUMBER }];
    });
  }

  /** A block was read, or refused: then nothing is known of its points. */
  note(block: Block, outcome: TransactionOutcome, nowMs: number): void {
    if (outcome.kind !== 'done' && outcome.kind !== 'exception') return;
    for (const point of block.points) {
      const reading = outcome.kind === 'done' ? readingOf(point, outcome.content, block) : noReading(outcome.code);
      this.#values.set(point.name, reading);
      const published = this.#published.get(point.name);
      if (published?.error !== reading.error || !isSame(point, published?.value, reading.value))
        this.#changedAtMs ??= nowMs;
    }
  }

  /** The unit is gone: what it held may have changed when it is back. */
  forget(): void {
    this.#values.clear();
    this.#changedAtMs = undefined;
  }

  /** What was told is not known to have arrived. */
  reportAgain(nowMs: number): void {
    this.#published = new Map();
    if (this.#values.size > 0) this.#changedAtMs ??= nowMs;
  }

  /** @param isBehind other blocks of the unit are due: the state is told when they are read too */
  isDue(isBehind: boolean, nowMs: number): boolean {
    if (this.#values.size === 0) return false;
    const quietMs = nowMs - (this.#publishedAtMs ?? nowMs);
    if (this.#heartbeatMs > 0 && quietMs >= this.#heartbeatMs) return true;
    return this.#changedAtMs !== undefined && (!isBehind || nowMs - this.#changedAtMs >= ROUND_MS_MAX);
  }

  /** The state by name, in the order of the configuration; points not read yet are left out. It counts as told. */
  tell(nowMs: number): UnitState {
    const published = this.#points.flatMap(({ name }): [string, PointReading][] => {
      const reading = this.#values.get(name);
      return reading === undefined ? [] : [[name, reading]];
    });
    this.#published = new Map(published);
    this.#publishedAtMs = nowMs;
    this.#changedAtMs = undefined;
    const values = Object.fromEntries(published.map(([name, { value }]) => [name, value]));
    const errors = published.flatMap(([name, { error }]) => (error === undefined ? [] : [[name, error]]));
    return errors.length === 0 ? values : { ...values, [ERRORS]: Object.fromEntries(errors) };
  }

  snapshot(): ModbusStateSnapshot {
    const [published, publishedAtMs, changedAtMs] = [this.#published, this.#publishedAtMs, this.#changedAtMs];
    return { values: new Map(this.#values), published, publishedAtMs, changedAtMs };
  }

  restore({ values, published, publishedAtMs, changedAtMs }: ModbusStateSnapshot): void {
    this.#values = new Map(values);
    this.#published = published;
    this.#publishedAtMs = publishedAtMs;
    this.#changedAtMs = changedAtMs;
  }
}

function readingOf(point: Point, content: Uint8Array, { start }: Block): PointReading {
  const value = decodePoint(point, content, start);
  return { value, error: value === null ? NOT_A_NUMBER : undefined };
}

function noReading(code: number): PointReading {
  return { value: null, error: exceptionWords(code) };
}
