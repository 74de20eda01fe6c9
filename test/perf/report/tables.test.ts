import { expect, it } from 'vitest';
import type { Series } from './result.ts';
import { comparison } from './tables.ts';

function series(figure: string, values: readonly number[]): Series {
  const [median, min, max] = [values[1] ?? 0, Math.min(...values), Math.max(...values)];
  return { case: 'near', subject: 'holdfast', figure, unit: '', better: 'less', values, median, min, max };
}

it('a comparison shows no ratio to a figure that was 0, and separates its columns', () => {
  const before = [series('a', [0, 0, 0]), series('b', [0.01772, 0.01864, 0.01961]), series('c', [2, 2, 2])];
  const now = [series('a', [0, 0, 0]), series('b', [0.01772, 0.01864, 0.01961]), series('c', [1, 1, 1])];
  const rows = comparison('near', now, before).split('\n').slice(2);
  expect(rows.map((row) => row.trim().split(/\s{2,}/))).toEqual([
    ['a', '0', '0'],
    ['b', '0.019', '0.019', '1'],
    ['c', '2', '1', '0.5 better'],
  ]);
});
