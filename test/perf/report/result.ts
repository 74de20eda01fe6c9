/**
 * Result of a call of the bench, as it is written to a file. Numbers and names of cases only: no payload, secret, host
 * name or path.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { BenchCase, Subject } from '../cases/bench-case.ts';
import type { Figure } from './figure.ts';
import type { MachineFacts } from './machine.ts';

/** Raised when a reader of an earlier version would misread the file. */
const SHAPE = 1;

export interface BenchResult {
  readonly shape: typeof SHAPE;
  readonly startedAt: string;
  readonly version: string;
  readonly runs: number;
  readonly seconds: number;
  readonly machine: MachineFacts;
  readonly series: readonly Series[];
  readonly remarks: readonly string[];
}

/** Values of one figure over the runs. */
export interface Series {
  readonly case: string;
  readonly subject: Subject;
  readonly figure: string;
  readonly unit: string;
  readonly better: 'more' | 'less' | null;
  readonly values: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export type MeasuredRun = readonly [bench: BenchCase, subject: Subject, figures: readonly Figure[]];

export function resultOf(facts: Omit<BenchResult, 'shape' | 'series'>, runs: readonly MeasuredRun[]): BenchResult {
  const values = new Map<string, Omit<Series, 'values' | 'median' | 'min' | 'max'> & { values: number[] }>();
  for (const [{ name }, subject, figures] of runs)
    for (const { name: figure, unit, better = null, value } of figures) {
      const key = [name, subject, figure].join('\n');
      const known = values.get(key) ?? { case: name, subject, figure, unit, better, values: [] };
      known.values.push(value);
      values.set(key, known);
    }
  const series = [...values.values()].map((one) => ({ ...one, ...spreadOf(one.values) }));
  return { shape: SHAPE, ...facts, series };
}

export function spreadOf(values: readonly number[]): Pick<Series, 'median' | 'min' | 'max'> {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

export function writeResult(path: string, result: BenchResult): void {
  writeFileSync(path, `${JSON.stringify(result, null, 1)}\n`);
}

/** @throws if the file is not a result of this shape */
export function readResult(path: string): BenchResult {
  const result = JSON.parse(readFileSync(path, 'utf8')) as BenchResult;
  if (result.shape !== SHAPE) throw new Error(`${path} has shape ${result.shape}; this bench reads shape ${SHAPE}`);
  return result;
}
