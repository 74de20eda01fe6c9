/** Plot of bars in a few lines of text, with its scale at the left. A column without a value is empty. */

const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** Levels on terminals without UTF-8. */
const ASCII = ['_', '.', '-', '='];
const ASCII_FULL = '#';

/** Width of the scale at the left, with its line. */
export const SCALE_WIDTH = 8;

export interface BarStyle {
  readonly rows: number;
  readonly isAscii: boolean;
  /** Value at the upper edge; 0: the largest value. */
  readonly top: number;
  readonly words: (value: number) => string;
}

/** @returns the lines, the uppermost first */
export function barPlot(values: readonly (number | undefined)[], { rows, isAscii, top, words }: BarStyle): string[] {
  const most = Math.max(top, ...values.flatMap((value) => value ?? []));
  const levels = isAscii ? ASCII : EIGHTHS;
  const heights = values.map((value) => heightOf(value, most, rows * levels.length));
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * levels.length;
    const bars = heights.map((height) => {
      if (height === undefined || height <= below) return ' ';
      const level = Math.min(height - below, levels.length);
      return level === levels.length && isAscii ? ASCII_FULL : (levels[level - 1] ?? ' ');
    });
    const scale = row === 0 ? words(most) : row === rows - 1 ? words(0) : '';
    return `${scale.slice(0, SCALE_WIDTH - 1).padStart(SCALE_WIDTH - 1)}${isAscii ? '|' : '│'}${bars.join('')}`.trimEnd();
  });
}

/** Height in levels. The lowest level is 0; a value above 0 has at least the next one. */
function heightOf(value: number | undefined, most: number, levels: number): number | undefined {
  if (value === undefined) return undefined;
  if (value <= 0 || most <= 0) return 1;
  return Math.min(levels, Math.max(2, Math.round((value / most) * levels)));
}
