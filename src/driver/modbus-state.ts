/** What is known of a unit's points, what of it has been told, and when it is time to tell again. */
import type { Restorable } from '../base/snapshot.ts';
import { decodePoint, isSame, type Point, type PointValue } from './modbus-points.ts';
import type { Block } from './modbus-schedule.ts';
import type { Outcome } from './modbus-transaction.ts';

/** A change waits for the rest of its round of polls, and no longer. */
const ROUND_MS_MAX = 1000;

export interface ModbusStateSnapshot {
  readonly values: ReadonlyMap<string, PointValue>;
  readonly told: ReadonlyMap<string, PointValue>;
  readonly toldAtMs: number | undefined;
  readonly changedAtMs: number | undefined;
}

export class ModbusState implements Restorable<ModbusStateSnapshot> {
  readonly #points: readonly Point[];
  readonly #heartbeatMs: number;
  #values = new Map<string, PointValue>();
  #told: ReadonlyMap<string, PointValue> = new Map();
  #toldAtMs: number | undefined;
  #changedAtMs: number | undefined;

  /** @param heartbeatMs told at least so often; 0 = only when it changes */
  constructor(points: readonly Point[], heartbeatMs: number) {
    this.#points = points;
    this.#heartbeatMs = heartbeatMs;
  }

  get hasNews(): boolean {
    return this.#changedAtMs !== undefined;
  }

  /** A block was read, or refused: then nothing is known of its points. */
  note(block: Block, outcome: Outcome, nowMs: number): void {
    if (outcome.kind !== 'done' && outcome.kind !== 'exception') return;
    for (const point of block.points) {
      const value = outcome.kind === 'done' ? decodePoint(point, outcome.content, block.start) : null;
      this.#values.set(point.name, value);
      if (!isSame(point, this.#told.get(point.name), value)) this.#changedAtMs ??= nowMs;
    }
  }

  /** The unit is gone: what it held may have changed when it is back. */
  forget(): void {
    this.#values.clear();
    this.#changedAtMs = undefined;
  }

  /** What was told is not known to have arrived. */
  tellAnew(nowMs: number): void {
    this.#told = new Map();
    if (this.#values.size > 0) this.#changedAtMs ??= nowMs;
  }

  /** @param isBehind other blocks of the unit are due: the state is told when they are read too */
  isDue(isBehind: boolean, nowMs: number): boolean {
    if (this.#values.size === 0) return false;
    const quietMs = nowMs - (this.#toldAtMs ?? nowMs);
    if (this.#heartbeatMs > 0 && quietMs >= this.#heartbeatMs) return true;
    return this.#changedAtMs !== undefined && (!isBehind || nowMs - this.#changedAtMs >= ROUND_MS_MAX);
  }

  /** The state by name, in the order of the configuration; points not read yet are left out. It counts as told. */
  tell(nowMs: number): Readonly<Record<string, PointValue>> {
    const entries = this.#points.flatMap(({ name }): [string, PointValue][] => {
      const value = this.#values.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    this.#told = new Map(entries);
    this.#toldAtMs = nowMs;
    this.#changedAtMs = undefined;
    return Object.fromEntries(entries);
  }

  snapshot(): ModbusStateSnapshot {
    const [told, toldAtMs, changedAtMs] = [this.#told, this.#toldAtMs, this.#changedAtMs];
    return { values: new Map(this.#values), told, toldAtMs, changedAtMs };
  }

  restore({ values, told, toldAtMs, changedAtMs }: ModbusStateSnapshot): void {
    this.#values = new Map(values);
    this.#told = told;
    this.#toldAtMs = toldAtMs;
    this.#changedAtMs = changedAtMs;
  }
}
