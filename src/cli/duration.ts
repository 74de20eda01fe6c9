/** Durations on the command line: a number and a unit, e.g. `30s`, `45m`, `2h`, `1d`. */
import { InvalidArgumentError } from 'commander';
import { durationWords } from '../ops/words.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @returns ms; `undefined` for any other text */
export function durationIn(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(number) * unitMs;
}

/** Reader of an option value. @returns ms */
export function duration(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const ms = durationIn(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    const range = `from ${durationWords(minMs)} to ${durationWords(maxMs)}`;
    throw new InvalidArgumentError(`Allowed: a number with s, m, h or d, ${range}, e.g. 90m.`);
  };
}
