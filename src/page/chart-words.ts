/** Words for values and times of charts. Pure. */
import { bytesWords, countWords, dateWords, durationWords } from '../ops/words.ts';

/** Value beside a title that has the unit: `1,204`, `38 MiB`, `97 %`, `12 ms` */
export function tickWords(value: number, unit: string): string {
  switch (unit.split('/')[0]) {
    case 'bytes':
      return bytesWords(value);
    case 'share':
      return `${plain(value * 100)} %`;
    case 'ms':
      return value < 10_000 ? `${plain(value)} ms` : durationWords(value);
    case 'C':
      return `${plain(value)} °C`;
    default:
      return plain(value);
  }
}

/** Small numbers with up to two decimals, large ones without. */
function plain(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return countWords(value);
  return String(Number(value.toFixed(Math.abs(value) < 1 ? 2 : 1)));
}

const DAY_MS = 86_400_000;

/** `14:30` within two days, otherwise `07-01`; UTC. */
export function axisTimeWords(atMs: number, rangeMs: number): string {
  const words = dateWords(atMs);
  return rangeMs > 2 * DAY_MS ? words.slice(5, 10) : words.slice(11, 16);
}

/** `2026-07-01 14:30` in UTC. */
export function minuteWords(atMs: number): string {
  return dateWords(atMs).slice(0, 16);
}
