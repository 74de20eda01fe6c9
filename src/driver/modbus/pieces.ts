/**
 * What a unit lets be read with one request: its planned blocks, in pieces where it refuses them.
 *
 *     whole ─refused▶ two halves ─refused▶ … ─▶ points that are refused, and pieces that are read
 *     two pieces that were read, next to each other ─▶ one again, unless it was refused as one
 *
 * A point that is refused is asked for again after a pause that grows, and when its unit was away. A unit with a hole in its
 * map so costs a few requests once; after that it is read with one request more for each hole.
 */
import { type Block, blockOf, type PolledUnit, planBlocks, splitBlock } from './blocks.ts';
import type { Point } from './points.ts';

export interface Piece {
  readonly block: Block;
  /** Index of the planned block that it is of. */
  readonly plan: number;
  readonly dueAtMs: number;
  /** The last answer was its values, and it has not been changed since. */
  readonly wasRead: boolean;
  /** Two pieces that were read make it, the second from this point on; they have not been read as one yet. */
  readonly seam: number | undefined;
  /** Refused when it was one with the piece before it. */
  readonly isApart: boolean;
  /** Times in a row that it was refused, one point. */
  readonly refusals: number;
}

/** Points by their index in the configuration. */
export type ModbusPiecesSnapshot = readonly (Omit<Piece, 'block'> & { readonly points: readonly number[] })[];

/** Pauses before a point that is refused is asked for again, ms: registers appear with a setting or a new firmware. */
const REFUSED_MS = { floor: 60_000, ceiling: 3_600_000 } as const;
/** The same for a point that the unit fails to read (exception 4): a sensor may be back any time. */
const FAILED_MS = 10_000;
const DEVICE_FAILURE = 4;

export class ModbusPieces {
  readonly #unit: PolledUnit;
  /** Of the points of the unit, in the configuration. */
  readonly #indexes: ReadonlyMap<Point, number>;
  #pieces: Piece[];

  constructor(unit: PolledUnit) {
    this.#unit = unit;
    this.#indexes = new Map(unit.points.map((point, index) => [point, index]));
    const whole = { dueAtMs: 0, wasRead: false, seam: undefined, isApart: false, refusals: 0 };
    this.#pieces = planBlocks(unit).map((block, plan) => ({ block, plan, ...whole }));
  }

  get all(): readonly Piece[] {
    return this.#pieces;
  }

  /** Names of the points that the unit refuses. */
  get refused(): string[] {
    return this.#pieces.flatMap(({ block, refusals }) => (refusals > 0 ? block.points.map(({ name }) => name) : []));
  }

  /** The block has had its turn, and has its next at this time. */
  read(block: Block, nextAtMs: number): void {
    const index = this.#indexOf(block);
    this.#change(index, { dueAtMs: nextAtMs, wasRead: true, seam: undefined, refusals: 0 });
    this.#join(this.#canJoin(index) ? index : index + 1);
  }

  /** The block has had its turn, and nothing is to be made of the answer. */
  defer(block: Block, nextAtMs: number): void {
    this.#change(this.#indexOf(block), { dueAtMs: nextAtMs });
  }

  /** The unit refuses the block. @returns false: one of its points may be the reason, and its parts are asked for next */
  refuse(block: Block, code: number, nowMs: number): boolean {
    const index = this.#indexOf(block);
    const piece = this.#pieces[index];
    if (piece === undefined) return true;
    if (block.points.length === 1) {
      const refusals = piece.refusals + 1;
      const pauseMs = Math.min(REFUSED_MS.floor * 2 ** (refusals - 1), REFUSED_MS.ceiling);
      const dueAtMs = nowMs + Math.max(block.pollMs, code === DEVICE_FAILURE ? FAILED_MS : pauseMs);
      this.#change(index, { dueAtMs, wasRead: false, refusals });
      return true;
    }
    const [first, second] = splitBlock(block, piece.seam);
    const part = { ...piece, wasRead: false, seam: undefined };
    const isApart = piece.seam !== undefined;
    this.#pieces.splice(index, 1, { ...part, block: first }, { ...part, block: second, isApart });
    return false;
  }

  /** Nothing is known of the unit any more: all of it is due. */
  startOver(nowMs: number): void {
    this.#pieces = this.#pieces.map((piece) => ({ ...piece, dueAtMs: Math.min(piece.dueAtMs, nowMs) }));
  }

  snapshot(): ModbusPiecesSnapshot {
    const indexOf = (point: Point): number => this.#indexes.get(point) ?? -1;
    return this.#pieces.map(({ block, ...piece }) => ({ ...piece, points: block.points.map(indexOf) }));
  }

  restore(snapshot: ModbusPiecesSnapshot): void {
    const { address, points: all } = this.#unit;
    this.#pieces = snapshot.map(({ points, ...piece }) => {
      const known = points.map((index) => all[index]).filter((point) => point !== undefined);
      return { ...piece, block: blockOf(address, known) };
    });
  }

  /** Makes the piece at `index` one with the piece before it, if that may be. */
  #join(index: number): void {
    const [before, after] = [this.#pieces[index - 1], this.#pieces[index]];
    if (before === undefined || after === undefined || !this.#canJoin(index)) return;
    const block = blockOf(before.block.unit, [...before.block.points, ...after.block.points]);
    const dueAtMs = Math.min(before.dueAtMs, after.dueAtMs);
    const seam = before.block.points.length;
    this.#pieces.splice(index - 1, 2, { ...before, block, dueAtMs, wasRead: false, seam });
  }

  #canJoin(index: number): boolean {
    const [before, after] = [this.#pieces[index - 1], this.#pieces[index]];
    if (before === undefined || after === undefined || before.plan !== after.plan) return false;
    return before.wasRead && after.wasRead && !after.isApart;
  }

  #change(index: number, to: Partial<Piece>): void {
    const piece = this.#pieces[index];
    if (piece !== undefined) this.#pieces[index] = { ...piece, ...to };
  }

  #indexOf(block: Block): number {
    return this.#pieces.findIndex((piece) => piece.block === block);
  }
}
