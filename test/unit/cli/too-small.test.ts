/** Text on a terminal that is too small for a live view. */
import { expect, it } from 'vitest';
import { tooSmallLines } from '../../../src/cli/full-screen.ts';

it.each([
  [40, 8],
  [80, 24],
  [0, 0],
  [undefined, undefined],
])('is not shown with %s columns and %s lines', (columns, rows) => {
  expect(tooSmallLines(columns, rows)).toBeUndefined();
});

it.each([
  [39, 8],
  [40, 7],
  [9, 24],
  [30, 2],
])('fits %i columns and %i lines', (columns, rows) => {
  const lines = tooSmallLines(columns, rows) ?? [];
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThanOrEqual(rows);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
  expect(lines.join(' ')).toMatch(/^This\s+view\s+needs\s+40/);
});
