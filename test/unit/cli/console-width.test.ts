/** Width of the output on a serial console, which often reports no size. */
import { expect, it } from 'vitest';
import { errorLines } from '../../../src/cli/error-lines.ts';
import { columnsOf, openTerminal } from '../../../src/cli/terminal.ts';

const stream = (isTTY: boolean, columns?: number) => ({
  isTTY,
  write: () => true,
  ...(columns !== undefined && { columns }),
});

it.each([
  [true, 0, undefined, 80],
  [true, undefined, undefined, 80],
  [true, 0, '100', 100],
  [true, 0, '0', 80],
  [true, 0, 'wide', 80],
  [true, 60, '100', 60],
  [false, undefined, '60', undefined],
])('terminal %j that reports %j columns, with COLUMNS %j, has %j', (isTTY, columns, wanted, width) => {
  expect(columnsOf(stream(isTTY, columns), { COLUMNS: wanted })).toBe(width);
});

it('is used for reports and for errors', () => {
  expect(openTerminal(stream(true, 0), {}).width).toBe(80);
  const longest = Math.max(...errorLines('word '.repeat(60), 'hint', stream(true, 0), {}).map((line) => line.length));
  expect(longest).toBeGreaterThan(70);
});
