/**
 * Blocks that a unit allows to be read with one request: the planned blocks, in pieces if the unit rejects them.
 *
 *     whole ─refused▶ two halves ─refused▶ … ─▶ points that are refused, and pieces that are read
 *     two adjacent pieces that were read ─▶ joined, unless they were refused together
 *
 * A rejected point is requested again after a growing pause, and when its unit was away. So a gap in the register map
 * of a unit costs a few requests once, and later one extra request per gap. A note keeps the pieces and the pauses over
 * a restart.
 */
import type { DeviceNote, RefusedPoint } from '../../base/device-note.ts';
import { exceptionWords } from '../../codec/modbus-pdu.ts';
import { type Block, blockOf, type PolledUnit, planBlocks, splitBlock } from './blocks.ts';
import type { Point } from './points.ts';

export interface Piece {
  readonly block: Block;
  /** Index of the planned block that contains the piece. */
  readonly plan: number;
  readonly dueAtMs: number;
  /** The last answer contained its values, and the piece has not changed since. */
  readonly wasRead: boolean;
  /**
   * The piece joins two pieces that were read; the second starts at this point. They have not been read together yet.
   */
  readonly seam: number | undefined;
  /** True if the unit rejected a read of this piece together with the previous one. */
  readonly isApart: boolean;
  /** Consecutive rejections of a single point. */
  readonly refusals: number;
  /** Last rejection of a single point. `undefined`: none, or it was read later. */
  readonly refused: Refusal | undefined;
}

interface Refusal {
  readonly code: number;
  readonly atMs: number;
}

/** Pauses before a rejected point is requested again, ms. Registers may appear after a setting or a firmware update. */
const REFUSED_MS = { floor: 60_000, ceiling: 86_400_000 } as const;
/** Pause for a point that the unit fails to read (exception 4), ms. A sensor may return at any time. */
const FAILED_MS = 10_000;
const DEVICE_FAILURE = 4;
/** Exceptions that depend on the register map of the unit and not on its present state (app §7). */
const LASTING_CODES: readonly number[] = [1, 2, 3];

export class ModbusPieces {
  private pieces: Piece[];

  constructor(unit: PolledUnit) {
    this.pieces = planBlocks(unit).flatMap((block, plan) => rememberedPieces(block, plan, unit.learned));
  }

  get all(): readonly Piece[] {
    return this.pieces;
  }

  /** Names of the points that the unit rejects. */
  get refused(): string[] {
    return this.pieces.flatMap(({ block, refusals }) => (refusals > 0 ? block.points.map(({ name }) => name) : []));
  }

  /** Pieces in the form of a note. */
  get note(): Pick<DeviceNote, 'refused' | 'apart'> {
    const refused = this.pieces.flatMap(({ block, refusals: times, refused: last }): RefusedPoint[] => {
      const [point] = block.points;
      if (point === undefined || last === undefined || !LASTING_CODES.includes(last.code)) return [];
      const { name, table, address } = point;
      const { code, atMs } = last;
      return [{ name, place: `${table} ${address}`, code, words: exceptionWords(code), times, atMs }];
    });
    const apart = this.pieces.flatMap(({ block, isApart }) => (isApart ? [block.points[0]?.name ?? ''] : []));
    return { refused, apart };
  }

  /** Sets the next time of a block that was read. */
  read(block: Block, nextAtMs: number): void {
    const index = this.indexOf(block);
    this.change(index, { dueAtMs: nextAtMs, wasRead: true, seam: undefined, refusals: 0, refused: undefined });
    this.join(this.canJoin(index) ? index : index + 1);
  }

  /** Sets the next time of a block whose answer is not evaluated. */
  defer(block: Block, nextAtMs: number): void {
    this.change(this.indexOf(block), { dueAtMs: nextAtMs });
  }

  /** Handles a rejected block. @returns false if one of its points may be the reason; its parts are requested next */
  refuse(block: Block, code: number, nowMs: number): boolean {
    const index = this.indexOf(block);
    const piece = this.pieces[index];
    if (piece === undefined) return true;
    if (block.points.length === 1) {
      const refusals = piece.refusals + 1;
      const pauseMs = code === DEVICE_FAILURE ? FAILED_MS : refusedMs(refusals);
      const dueAtMs = nowMs + Math.max(block.pollMs, pauseMs);
      this.change(index, { dueAtMs, wasRead: false, refusals, refused: { code, atMs: nowMs } });
      return true;
    }
    const [first, second] = splitBlock(block, piece.seam);
    const part = { ...piece, wasRead: false, seam: undefined };
    const isApart = piece.seam !== undefined;
    this.pieces.splice(index, 1, { ...part, block: first }, { ...part, block: second, isApart });
    return false;
  }

  /** Makes all blocks due, because the state of the unit is unknown. */
  startOver(nowMs: number): void {
    this.pieces = this.pieces.map((piece) => ({ ...piece, dueAtMs: Math.min(piece.dueAtMs, nowMs) }));
  }

  /** Joins the piece at `index` with the previous piece, if allowed. */
  private join(index: number): void {
    const [before, after] = [this.pieces[index - 1], this.pieces[index]];
    if (before === undefined || after === undefined || !this.canJoin(index)) return;
    const block = blockOf(before.block.unit, [...before.block.points, ...after.block.points]);
    const dueAtMs = Math.min(before.dueAtMs, after.dueAtMs);
    const seam = before.block.points.length;
    this.pieces.splice(index - 1, 2, { ...before, block, dueAtMs, wasRead: false, seam });
  }

  private canJoin(index: number): boolean {
    const [before, after] = [this.pieces[index - 1], this.pieces[index]];
    if (before === undefined || after === undefined || before.plan !== after.plan) return false;
    return before.wasRead && after.wasRead && !after.isApart;
  }

  private change(index: number, to: Partial<Piece>): void {
    const piece = this.pieces[index];
    if (piece !== undefined) this.pieces[index] = { ...piece, ...to };
  }

  private indexOf(block: Block): number {
    return this.pieces.findIndex((piece) => piece.block === block);
  }
}

/** Pause after that number of consecutive rejections. */
function refusedMs(refusals: number): number {
  return Math.min(REFUSED_MS.floor * 2 ** (refusals - 1), REFUSED_MS.ceiling);
}

const UNKNOWN = { dueAtMs: 0, wasRead: false, seam: undefined, isApart: false, refusals: 0, refused: undefined };

/** Divides a planned block as an earlier machine has learned it. */
function rememberedPieces(block: Block, plan: number, note: DeviceNote | undefined): Piece[] {
  if (note === undefined) return [{ ...UNKNOWN, block, plan }];
  const refusedBy = new Map(note.refused.map((point) => [point.name, point]));
  const apart = new Set(note.apart);
  const groups: Point[][] = [];
  for (const point of block.points) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const isDivided = [point, before].some((one) => one !== undefined && refusedBy.has(one.name));
    if (last === undefined || isDivided || apart.has(point.name)) groups.push([point]);
    else last.push(point);
  }
  return groups.map((points) => {
    const [{ name } = { name: '' }] = points;
    const piece = { ...UNKNOWN, block: blockOf(block.unit, points), plan, isApart: apart.has(name) };
    const refusal = refusedBy.get(name);
    if (refusal === undefined) return piece;
    const { code, atMs, times: refusals } = refusal;
    return { ...piece, refusals, refused: { code, atMs }, dueAtMs: atMs + Math.max(block.pollMs, refusedMs(refusals)) };
  });
}
