/** Small curve in one line of text. */

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** Levels on terminals without UTF-8. */
const ASCII = ['_', '.', '-', '=', '+', '*', '%', '#'];

/** Means of equal groups of the newest values, so that they fill at most `width` columns; the newest are at the right. */
export function grouped(values: readonly number[], width: number): number[] {
  const size = Math.max(1, Math.ceil(values.length / width));
  const groups: number[] = [];
  for (let end = values.length; end > 0; end -= size) {
    const group = values.slice(Math.max(0, end - size), end);
    groups.unshift(group.reduce((sum, value) => sum + value, 0) / group.length);
  }
  return groups;
}

/** @param width columns; the newest values are at the right. All values 0: the lowest line */
export function sparkline(values: readonly number[], width: number, isAscii: boolean): string {
  const shown = values.slice(-width);
  const most = Math.max(...shown, 0);
  const levels = isAscii ? ASCII : BLOCKS;
  const curve = shown.map((value) => {
    const share = most === 0 ? 0 : value / most;
    return levels[Math.min(levels.length - 1, Math.ceil(share * (levels.length - 1)))] ?? '';
  });
  return curve.join('').padStart(width);
}
