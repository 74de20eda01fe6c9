/** Time axis below a plot: ticks with local times, and the dates below them. */
import { durationWords } from '../../ops/words.ts';
import { localDate } from '../moment.ts';
import type { PlotSpan } from './plot-columns.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Distances between two ticks, ms. */
const TICKS_MS = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080, 20_160, 40_320, 80_640].map(
  (minutes) => minutes * MINUTE_MS,
);
/** Columns of the label of a tick, with a space. */
const LABEL_WIDTH = 6;
const DATE_WIDTH = 11;
/** Columns of an age, as `-2 days 12 h`, with a space. */
const AGE_WIDTH = 13;

/** @returns the line of times and the line of dates, without the margin of the scale */
export function timeAxis({ startMs, columnMs, columns }: PlotSpan): [times: string, dates: string] {
  const tickMs = TICKS_MS.find((ms) => ms % columnMs === 0 && ms / columnMs >= LABEL_WIDTH + 1) ?? columns * columnMs;
  const times = new Array<string>(columns + LABEL_WIDTH).fill(' ');
  const dates = new Array<string>(columns + DATE_WIDTH).fill(' ');
  let lastDate = '';
  let dateEnd = 0;
  for (let column = 0; column < columns; column += 1) {
    const atMs = startMs + column * columnMs;
    if (!isTick(atMs, tickMs)) continue;
    const date = localDate(atMs);
    const label = tickMs % DAY_MS === 0 ? date.slice(5) : timeOfDay(atMs);
    if (column + label.length <= columns) write(times, column, label);
    if (date === lastDate || column < dateEnd || column + date.length > columns) continue;
    write(dates, column, tickMs % DAY_MS === 0 ? date.slice(0, 4) : date);
    lastDate = date;
    dateEnd = column + DATE_WIDTH;
  }
  return [times.join('').trimEnd(), dates.join('').trimEnd()];
}

/** @returns the line of ages for a gateway whose clock is not trusted, without the margin of the scale */
export function ageAxis({ startMs, columnMs, columns }: PlotSpan, nowMs: number): string {
  const tickMs = TICKS_MS.find((ms) => ms % columnMs === 0 && ms / columnMs >= AGE_WIDTH) ?? columns * columnMs;
  const ages = new Array<string>(columns + AGE_WIDTH).fill(' ');
  for (let ageMs = Math.floor((nowMs - startMs) / tickMs) * tickMs; ageMs >= 0; ageMs -= tickMs) {
    const column = Math.min(columns - 1, Math.max(0, Math.floor((nowMs - ageMs - startMs) / columnMs)));
    const label = ageMs === 0 ? 'now' : `-${durationWords(ageMs)}`;
    if (column + label.length <= columns) write(ages, column, label);
    else if (ageMs === 0) write(ages, columns - label.length, label);
  }
  return ages.join('').trimEnd();
}

/** True at multiples of the distance in local time. */
function isTick(atMs: number, tickMs: number): boolean {
  const local = atMs - new Date(atMs).getTimezoneOffset() * MINUTE_MS;
  return local % tickMs === 0;
}

function timeOfDay(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}

function write(line: string[], at: number, text: string): void {
  for (const [index, character] of [...text].entries()) line[at + index] = character;
}
