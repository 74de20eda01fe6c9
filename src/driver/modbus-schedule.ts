/**
 * What is read next: blocks of neighbouring points, each with its period, the one most overdue first.
 *
 * Nobody starves: whoever is due longest is next, and no unit's lateness counts against another's. A unit that does not
 * answer is asked for one block at a time, after pauses that grow.
 */
import { Backoff, type BackoffLimits } from '../base/backoff.ts';
import type { Restorable } from '../base/snapshot.ts';
import { BITS_READ_MAX, type ModbusRequest, WORDS_READ_MAX } from '../codec/modbus-rtu.ts';
import { isBitTable, type Point, READ_FUNCTION, type Table, widthOf } from './modbus-points.ts';

/** Read with one request. */
export interface Block {
  readonly unit: number;
  readonly table: Table;
  readonly start: number;
  readonly count: number;
  readonly pollMs: number;
  readonly points: readonly Point[];
}

export interface PolledUnit {
  readonly address: number;
  readonly points: readonly Point[];
  /** Registers or coils nobody asked for that may lie between two points of a block. */
  readonly gapMax: number;
}

/** Each period is drawn from the last tenth of the configured one: lines that began together do not stay in step. */
const JITTER = 0.1;

/** Points of one table and period, in the order of their addresses, as far as one request may reach. */
export function planBlocks({ address: unit, points, gapMax }: PolledUnit): Block[] {
  const kinds = Map.groupBy(points, ({ table, pollMs }) => `${table} ${pollMs}`);
  return [...kinds.values()].flatMap((kind) => {
    const sorted = kind.toSorted((a, b) => a.address - b.address);
    const blocks: Block[] = [];
    for (const point of sorted) {
      const last = blocks.at(-1);
      const joined = last === undefined ? undefined : joinedBlock(last, point, gapMax);
      if (joined !== undefined) blocks[blocks.length - 1] = joined;
      else {
        const { table, pollMs, address: start } = point;
        blocks.push({ unit, table, start, count: widthOf(point), pollMs, points: [point] });
      }
    }
    return blocks;
  });
}

function joinedBlock(block: Block, point: Point, gapMax: number): Block | undefined {
  const countMax = isBitTable(block.table) ? BITS_READ_MAX : WORDS_READ_MAX;
  const count = Math.max(block.count, point.address + widthOf(point) - block.start);
  if (point.address - (block.start + block.count) > gapMax || count > countMax) return undefined;
  return { ...block, count, points: [...block.points, point] };
}

export function readRequest({ unit, table, start, count }: Block): ModbusRequest {
  return { function: READ_FUNCTION[table], unit, address: start, count };
}

interface Turn {
  readonly block: Block;
  dueAtMs: number;
}

interface Round {
  readonly turns: readonly Turn[];
  readonly backoff: Backoff;
  /** The unit does not answer: nothing is asked of it before. */
  pauseUntilMs: number;
}

/** By unit; `dueAtMs`: of its blocks, in their order. */
export type ModbusScheduleSnapshot = ReadonlyMap<
  number,
  {
    readonly dueAtMs: readonly number[];
    readonly backoff: ReturnType<Backoff['snapshot']>;
    readonly pauseUntilMs: number;
  }
>;

export class ModbusSchedule implements Restorable<ModbusScheduleSnapshot> {
  readonly #rounds = new Map<number, Round>();
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(units: readonly PolledUnit[], pauses: BackoffLimits, random: () => number) {
    this.#random = random;
    for (const unit of units) {
      const turns = planBlocks(unit).map((block) => ({ block, dueAtMs: 0 }));
      this.#rounds.set(unit.address, { turns, backoff: new Backoff(pauses, random), pauseUntilMs: 0 });
    }
  }

  /** Their order follows from the configuration. */
  blocksOf(unit: number): readonly Block[] {
    return (this.#rounds.get(unit)?.turns ?? []).map(({ block }) => block);
  }

  /** The block most overdue, of a unit that does not rest. */
  next(nowMs: number, restsUntilMs: (unit: number) => number): Block | undefined {
    let first: Turn | undefined;
    for (const [unit, { turns, pauseUntilMs }] of this.#rounds) {
      if (nowMs < Math.max(pauseUntilMs, restsUntilMs(unit))) continue;
      for (const turn of turns) if (turn.dueAtMs < (first?.dueAtMs ?? Number.POSITIVE_INFINITY)) first = turn;
    }
    return first === undefined || first.dueAtMs > nowMs ? undefined : first.block;
  }

  /** When `next` will have something, if nothing happens before. */
  wakeAtMs(restsUntilMs: (unit: number) => number): number | undefined {
    const times = [...this.#rounds].flatMap(([unit, { turns, pauseUntilMs }]) =>
      turns.map(({ dueAtMs }) => Math.max(dueAtMs, pauseUntilMs, restsUntilMs(unit))),
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The block has had its turn. Its next is one period after this one was due; turns that were missed are left out. */
  done(block: Block, nowMs: number): void {
    const turn = this.#rounds.get(block.unit)?.turns.find((one) => one.block === block);
    if (turn === undefined) return;
    const periodMs = block.pollMs * (1 - JITTER * this.#random());
    turn.dueAtMs = turn.dueAtMs + periodMs > nowMs ? turn.dueAtMs + periodMs : nowMs + periodMs;
  }

  /** Is a block of the unit due? */
  isBehind(unit: number, nowMs: number): boolean {
    return this.#rounds.get(unit)?.turns.some(({ dueAtMs }) => dueAtMs <= nowMs) ?? false;
  }

  answered(unit: number): void {
    const round = this.#rounds.get(unit);
    if (round === undefined) return;
    round.backoff.reset();
    round.pauseUntilMs = 0;
  }

  unanswered(unit: number, nowMs: number): void {
    this.startOver(unit, nowMs);
    const round = this.#rounds.get(unit);
    if (round !== undefined) round.pauseUntilMs = nowMs + round.backoff.next();
  }

  /** Nothing is known of the unit any more: all of it is due. */
  startOver(unit: number, nowMs: number): void {
    for (const turn of this.#rounds.get(unit)?.turns ?? []) turn.dueAtMs = Math.min(turn.dueAtMs, nowMs);
  }

  snapshot(): ModbusScheduleSnapshot {
    return new Map(
      [...this.#rounds].map(([unit, { turns, backoff, pauseUntilMs }]) => {
        const dueAtMs = turns.map((turn) => turn.dueAtMs);
        return [unit, { dueAtMs, backoff: backoff.snapshot(), pauseUntilMs }];
      }),
    );
  }

  restore(snapshot: ModbusScheduleSnapshot): void {
    for (const [unit, { dueAtMs, backoff, pauseUntilMs }] of snapshot) {
      const round = this.#rounds.get(unit);
      if (round === undefined) continue;
      for (const [index, turn] of round.turns.entries()) turn.dueAtMs = dueAtMs[index] ?? 0;
      round.backoff.restore(backoff);
      round.pauseUntilMs = pauseUntilMs;
    }
  }
}
