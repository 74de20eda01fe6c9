/**
 * Tables without ruling lines, fitted to the width of the terminal. Columns with `shrinks` become narrower first, and
 * then the widest column.
 */
import Table from 'cli-table3';
import type { Terminal } from './terminal.ts';

export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  /**
   * True if the column becomes narrower before the others. The text of such a column is useful even if its end is cut
   * off.
   */
  readonly shrinks?: true;
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** Spaces between two columns. */
const GAP = 2;
/** Smallest useful width of a column. */
const COLUMN_WIDTH_MIN = 8;

/** @param rows plain text, without control characters */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminal: Terminal,
): string {
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    head: columns.map((column) => terminal.tone('quiet', column.heading)),
    colAligns: columns.map((column) => column.align ?? 'left'),
    colWidths: columnWidths(columns, rows, terminal.width),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function columnWidths(columns: readonly Column[], rows: readonly (readonly string[])[], widthMax: number): number[] {
  const widths = columns.map((column, index) =>
    Math.max(column.heading.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const roomMax = widthMax - GAP * (columns.length - 1);
  for (let excess = sum(widths) - roomMax; excess > 0; excess -= 1) {
    const widest =
      widestOf(widths, COLUMN_WIDTH_MIN, (index) => columns[index]?.shrinks === true) ??
      widestOf(widths, COLUMN_WIDTH_MIN, () => true) ??
      widestOf(widths, 1, () => true);
    if (widest === undefined) break;
    widths[widest.index] = widest.width - 1;
  }
  return widths;
}

/** Returns the widest of the chosen columns that is wider than `widthMin`. */
function widestOf(widths: readonly number[], widthMin: number, isChosen: (index: number) => boolean) {
  return widths
    .map((width, index) => ({ width, index }))
    .filter(({ width, index }) => isChosen(index) && width > widthMin)
    .sort((left, right) => right.width - left.width)[0];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
