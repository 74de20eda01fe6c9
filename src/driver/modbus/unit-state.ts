/**
 * Known values of a unit's points, the values already reported, and the time of the next report.
 *
 *     {"flow": 12.5, "setpoint": null, "$errors": {"setpoint": "illegal data address"}}
 */
import type { DeviceNote } from '../../base/device-note.ts';
import { exceptionWords } from '../../codec/modbus-pdu.ts';
import type { Block } from './blocks.ts';
import { decodePoint, isNotAvailable, isSame, type Point, type PointValue } from './points.ts';
import type { TransactionOutcome } from './transaction.ts';

/** Member with the reasons for missing values, by point name; no point has this name. */
const ERRORS = '$errors';
const NOT_A_NUMBER = 'not a number';
/** Reason for a content that the configuration declares as "not available". An expected value, not an error. */
const NOT_AVAILABLE = 'not available';

export interface PointReading {
  readonly value: PointValue;
  /** Reason for `null`. */
  readonly error: string | undefined;
}

/** Published state. */
export type UnitState = Readonly<Record<string, PointValue | Readonly<Record<string, string>>>>;

/** Longest time for which a change waits for the rest of its round of polls. */
const ROUND_MS_MAX = 1000;

export class ModbusState {
  private readonly points: readonly Point[];
  private readonly heartbeatMs: number;
  private values = new Map<string, PointReading>();
  private published: ReadonlyMap<string, PointReading> = new Map();
  private publishedAtMs: number | undefined;
  private changedAtMs: number | undefined;

  /** @param heartbeatMs longest time between two reports; 0: only on a change */
  constructor(points: readonly Point[], heartbeatMs: number) {
    this.points = points;
    this.heartbeatMs = heartbeatMs;
  }

  get hasNews(): boolean {
    return this.changedAtMs !== undefined;
  }

  /** Errors of points that the unit has answered without a value. "Not available" is not an error. */
  get errors(): { readonly words: string; readonly isRefused: boolean }[] {
    return this.points.flatMap(({ name, table, address }) => {
      const error = this.values.get(name)?.error;
      const words = `${name} (${table} ${address}): ${error}`;
      return error === undefined || error === NOT_AVAILABLE ? [] : [{ words, isRefused: error !== NOT_A_NUMBER }];
    });
  }

  /** Stores the result of a read or rejected block. After a rejection its values are unknown. */
  note(block: Block, outcome: TransactionOutcome, nowMs: number): void {
    if (outcome.kind !== 'done' && outcome.kind !== 'exception') return;
    for (const point of block.points) {
      const reading = outcome.kind === 'done' ? readingOf(point, outcome.content, block) : noReading(outcome.code);
      this.values.set(point.name, reading);
      const published = this.published.get(point.name);
      if (published?.error !== reading.error || !isSame(point, published?.value, reading.value))
        this.changedAtMs ??= nowMs;
    }
  }

  /** Takes over points that the unit has refused in an earlier machine and was not asked for again. */
  recall(refused: DeviceNote['refused']): void {
    for (const { name, code } of refused) if (!this.values.has(name)) this.values.set(name, noReading(code));
  }

  /** Forgets all values, because they may change while the unit is away. */
  forget(): void {
    this.values.clear();
    this.changedAtMs = undefined;
  }

  /** Makes a report due, because the arrival of the last one is unknown. */
  reportAgain(nowMs: number): void {
    this.published = new Map();
    if (this.values.size > 0) this.changedAtMs ??= nowMs;
  }

  /** @param isBehind other blocks of the unit are due; the report waits for them */
  isDue(isBehind: boolean, nowMs: number): boolean {
    if (this.values.size === 0) return false;
    const quietMs = nowMs - (this.publishedAtMs ?? nowMs);
    if (this.heartbeatMs > 0 && quietMs >= this.heartbeatMs) return true;
    return this.changedAtMs !== undefined && (!isBehind || nowMs - this.changedAtMs >= ROUND_MS_MAX);
  }

  /** State by point name, in the order of the configuration, without points not read yet. Counts as reported. */
  report(nowMs: number): UnitState {
    const published = this.points.flatMap(({ name }): [string, PointReading][] => {
      const reading = this.values.get(name);
      return reading === undefined ? [] : [[name, reading]];
    });
    this.published = new Map(published);
    this.publishedAtMs = nowMs;
    this.changedAtMs = undefined;
    const values = Object.fromEntries(published.map(([name, { value }]) => [name, value]));
    const errors = published.flatMap(([name, { error }]) => (error === undefined ? [] : [[name, error]]));
    return errors.length === 0 ? values : { ...values, [ERRORS]: Object.fromEntries(errors) };
  }
}

function readingOf(point: Point, content: Uint8Array, { start }: Block): PointReading {
  const value = decodePoint(point, content, start);
  if (value !== null) return { value, error: undefined };
  return { value, error: isNotAvailable(point, content, start) ? NOT_AVAILABLE : NOT_A_NUMBER };
}

function noReading(code: number): PointReading {
  return { value: null, error: exceptionWords(code) };
}
