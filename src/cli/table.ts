/**
 * Tables without ruling lines, fitted to the width of the terminal. Columns with `shrinks` become narrower first, and
 * then the widest column.
 */
import Table from 'cli-table3';
import { type Column, columnWidths, shortened } from './columns.ts';
import type { Terminal } from './terminal.ts';

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

/** @param rows plain text, without control characters */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminal: Terminal,
): string {
  const widths = columnWidths(columns, rows, terminal.width);
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    head: columns.map((column) => terminal.tone('quiet', column.heading)),
    colAligns: columns.map((column) => column.align ?? 'left'),
    colWidths: widths,
  });
  table.push(...rows.map((row) => row.map((cell, index) => shortened(cell, widths[index] ?? 0, columns[index]))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
