/** Blocks: adjacent points of one table and period, read with one request. Planning, splitting and joining. Pure. */
import type { DeviceNote } from '../../base/device-note.ts';
import { BITS_READ_MAX, type ModbusRequest, WORDS_READ_MAX } from '../../codec/modbus-pdu.ts';
import { isBitTable, type Point, READ_FUNCTION, type Table, widthOf } from './points.ts';

/** Points read with one request. */
export interface Block {
  readonly unit: number;
  readonly table: Table;
  readonly start: number;
  readonly count: number;
  readonly pollMs: number;
  /** At least one, in the order of their addresses. */
  readonly points: readonly Point[];
}

export interface PolledUnit {
  readonly address: number;
  readonly points: readonly Point[];
  /** Largest number of unused registers or coils between two points of a block. */
  readonly gapMax: number;
  /** Note of an earlier machine; its basis is that of the unit. `undefined`: none. */
  readonly learned: DeviceNote | undefined;
}

/**
 * Groups points of one table and period, in the order of their addresses, into blocks as large as one request can read.
 */
export function planBlocks({ address: unit, points, gapMax }: Omit<PolledUnit, 'learned'>): Block[] {
  const kinds = Map.groupBy(points, ({ table, pollMs }) => `${table} ${pollMs}`);
  return [...kinds.values()].flatMap((kind) => {
    const sorted = kind.toSorted((a, b) => a.address - b.address);
    const blocks: Block[] = [];
    for (const point of sorted) {
      const last = blocks.at(-1);
      if (last !== undefined && canJoin(last, point, gapMax))
        blocks[blocks.length - 1] = blockOf(unit, [...last.points, point]);
      else blocks.push(blockOf(unit, [point]));
    }
    return blocks;
  });
}

/** @param points at least one, of one table and period, in the order of their addresses */
export function blockOf(unit: number, points: readonly Point[]): Block {
  const [first] = points;
  if (first === undefined) throw new Error('a block without points');
  const end = Math.max(...points.map((point) => point.address + widthOf(point)));
  return { unit, table: first.table, start: first.address, count: end - first.address, pollMs: first.pollMs, points };
}

/** @param at index of the first point of the second half; `undefined`: in the middle */
export function splitBlock({ unit, points }: Block, at: number | undefined): [Block, Block] {
  const middle = at ?? points.length >> 1;
  return [blockOf(unit, points.slice(0, middle)), blockOf(unit, points.slice(middle))];
}

export function readRequest({ unit, table, start, count }: Block): ModbusRequest {
  return { function: READ_FUNCTION[table], unit, address: start, count };
}

function canJoin(block: Block, point: Point, gapMax: number): boolean {
  const countMax = isBitTable(block.table) ? BITS_READ_MAX : WORDS_READ_MAX;
  const count = Math.max(block.count, point.address + widthOf(point) - block.start);
  return point.address - (block.start + block.count) <= gapMax && count <= countMax;
}
