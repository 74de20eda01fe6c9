/**
 * Order of reads: blocks of adjacent points, each with its period, the most overdue first.
 *
 * No block starves: the one that is due longest is next, and the delay of one unit does not count against another. A
 * unit that does not answer is asked for one block at a time, after growing pauses. A busy unit is asked again only
 * after a pause.
 */

import { Backoff, type BackoffLimits } from '../../base/backoff.ts';
import type { DeviceNote } from '../../base/device-note.ts';
import { ACKNOWLEDGE, BUSY } from '../../codec/modbus-pdu.ts';
import type { Block, PolledUnit } from './blocks.ts';
import { ModbusPieces, type Piece } from './pieces.ts';
import type { TransactionOutcome } from './transaction.ts';

/** Largest share by which a period is shortened at random, so that lines that started together drift apart. */
const JITTER = 0.1;
/** Number of repetitions to a busy unit, each after `BUSY_MS`, before its values count as unknown. */
const BUSY_MAX = 2;
const BUSY_MS = 500;

interface Round {
  readonly pieces: ModbusPieces;
  readonly backoff: Backoff;
  /** Time before which the unit is not asked, because it does not answer or is busy. */
  pauseUntilMs: number;
  /** Consecutive "busy" answers. */
  busy: number;
}

export class ModbusSchedule {
  private readonly rounds = new Map<number, Round>();
  private readonly random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(units: readonly PolledUnit[], pauses: BackoffLimits, random: () => number) {
    this.random = random;
    for (const unit of units) {
      const backoff = new Backoff(pauses, random);
      this.rounds.set(unit.address, { pieces: new ModbusPieces(unit), backoff, pauseUntilMs: 0, busy: 0 });
    }
  }

  blocksOf(unit: number): readonly Block[] {
    return this.piecesOf(unit).map(({ block }) => block);
  }

  /** Cheapest block of the unit, preferably one that the unit allows to be read. */
  probeOf(unit: number): Block | undefined {
    const cost = (piece: Piece): number => piece.block.count + (piece.refusals > 0 ? 65_536 : 0);
    return this.piecesOf(unit).toSorted((one, other) => cost(one) - cost(other))[0]?.block;
  }

  /** Pieces of the unit in the form of a note. `undefined`: the unit has none. */
  noteOf(unit: number): Pick<DeviceNote, 'refused' | 'apart'> | undefined {
    return this.rounds.get(unit)?.pieces.note;
  }

  /** Names of the points that the unit rejects. */
  refusedBy(unit: number): readonly string[] {
    return this.rounds.get(unit)?.pieces.refused ?? [];
  }

  /** Most overdue block of a unit that may be asked now. */
  next(nowMs: number, blockedUntilMs: (unit: number) => number): Block | undefined {
    let first: Piece | undefined;
    for (const [unit, { pieces, pauseUntilMs }] of this.rounds) {
      if (nowMs < Math.max(pauseUntilMs, blockedUntilMs(unit))) continue;
      for (const piece of pieces.all) if (piece.dueAtMs < (first?.dueAtMs ?? Number.POSITIVE_INFINITY)) first = piece;
    }
    return first === undefined || first.dueAtMs > nowMs ? undefined : first.block;
  }

  /** Time at which `next` will return a block if nothing happens before. */
  wakeAtMs(blockedUntilMs: (unit: number) => number): number | undefined {
    const times = [...this.rounds].flatMap(([unit, { pieces, pauseUntilMs }]) =>
      pieces.all.map(({ dueAtMs }) => Math.max(dueAtMs, pauseUntilMs, blockedUntilMs(unit))),
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /**
   * Handles the outcome of a block. Its next turn is one period after this one was due; missed turns are skipped.
   * @returns whether the state of its points is known now; false: the block or its parts will be read again first
   */
  done(block: Block, outcome: TransactionOutcome, nowMs: number): boolean {
    const round = this.rounds.get(block.unit);
    if (round === undefined) return true;
    if (outcome.kind !== 'exception') {
      round.busy = 0;
      if (outcome.kind === 'done') round.pieces.read(block, this.nextAtMs(block, nowMs));
      else round.pieces.defer(block, this.nextAtMs(block, nowMs));
      return true;
    }
    if (outcome.code !== BUSY && outcome.code !== ACKNOWLEDGE) {
      round.busy = 0;
      return round.pieces.refuse(block, outcome.code, nowMs);
    }
    round.busy += 1;
    round.pauseUntilMs = nowMs + BUSY_MS;
    if (round.busy <= BUSY_MAX) return false;
    round.pieces.defer(block, this.nextAtMs(block, nowMs));
    return true;
  }

  /** True if a block of the unit is due. */
  isBehind(unit: number, nowMs: number): boolean {
    return this.piecesOf(unit).some(({ dueAtMs }) => dueAtMs <= nowMs);
  }

  answered(unit: number): void {
    const round = this.rounds.get(unit);
    if (round === undefined) return;
    round.backoff.reset();
    if (round.busy === 0) round.pauseUntilMs = 0;
  }

  unanswered(unit: number, nowMs: number): void {
    this.startOver(unit, nowMs);
    const round = this.rounds.get(unit);
    if (round !== undefined) round.pauseUntilMs = nowMs + round.backoff.next();
  }

  /** Makes all blocks due, because the state of the unit is unknown. */
  startOver(unit: number, nowMs: number): void {
    this.rounds.get(unit)?.pieces.startOver(nowMs);
  }

  private nextAtMs(block: Block, nowMs: number): number {
    const dueAtMs = this.piecesOf(block.unit).find((piece) => piece.block === block)?.dueAtMs ?? nowMs;
    const periodMs = block.pollMs * (1 - JITTER * this.random());
    return dueAtMs + periodMs > nowMs ? dueAtMs + periodMs : nowMs + periodMs;
  }

  private piecesOf(unit: number): readonly Piece[] {
    return this.rounds.get(unit)?.pieces.all ?? [];
  }
}
