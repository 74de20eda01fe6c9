/**
 * Columns of text, fitted to the width of the terminal. Columns with `shrinks` become narrower first, and then the
 * widest column.
 */

export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  /**
   * True if the column becomes narrower before the others. The text of such a column is useful even if its end is cut
   * off.
   */
  readonly shrinks?: true;
}

/** Spaces between two columns. */
const GAP = 2;
/** Smallest useful width of a column. */
const COLUMN_WIDTH_MIN = 8;

/** Lines of a table that is drawn once a second: no library, so that a live view costs next to nothing. */
export function columnLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number,
): string[] {
  const widths = columnWidths(columns, rows, widthMax);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => fitted(cell, widths[index] ?? 0, columns[index]?.align))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(({ heading }) => heading)), ...rows.map(line)];
}

function fitted(text: string, width: number, align: Column['align']): string {
  const cut = text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
  return align === 'right' ? cut.padStart(width) : cut.padEnd(width);
}

export function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number,
): number[] {
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
