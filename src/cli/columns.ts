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
  /** True if a text that is too long loses its middle, because its end matters too, such as the port of an address. */
  readonly losesMiddle?: true;
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
      .map((cell, index) =>
        aligned(shortened(cell, widths[index] ?? 0, columns[index]), widths[index] ?? 0, columns[index]),
      )
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(({ heading }) => heading)), ...rows.map(line)];
}

function aligned(text: string, width: number, column: Column | undefined): string {
  return column?.align === 'right' ? text.padStart(width) : text.padEnd(width);
}

/** Returns a text of at most `width` columns, as the column shortens it. */
export function shortened(text: string, width: number, column?: Pick<Column, 'losesMiddle'>): string {
  if (text.length <= width) return text;
  return column?.losesMiddle === true ? withoutMiddle(text, width) : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Returns a text of at most `width` columns with `…` in the place of its middle; the end is the longer part. */
export function withoutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const begin = Math.max(0, Math.floor((width - 1) / 3));
  const end = Math.max(0, width - 1 - begin);
  return `${text.slice(0, begin)}…${text.slice(text.length - end)}`;
}

/** Width at which no text of a table is shortened. */
export function tableWidth(columns: readonly Column[], rows: readonly (readonly string[])[]): number {
  return sum(textWidths(columns, rows)) + GAP * (columns.length - 1);
}

function textWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map((column, index) => Math.max(column.heading.length, ...rows.map((row) => row[index]?.length ?? 0)));
}

export function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number,
): number[] {
  const widths = textWidths(columns, rows);
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
