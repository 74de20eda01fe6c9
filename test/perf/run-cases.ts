/**
 * Runs cases again and again, interleaved: all cases with all their programs, then all of them again. So a slow minute of
 * the machine reaches every program and not one of them, and a ratio is taken within a run.
 */
import { type BenchCase, isAvailable, type RunSettings } from './cases/bench-case.ts';
import type { MeasuredRun } from './report/result.ts';

/** Share of a core above which the load may be the limit. */
const LOAD_PERCENT_MAX = 60;
const LOAD_FIGURE = 'load and hub, share of a core';

export interface CaseRun {
  readonly runs: readonly MeasuredRun[];
  readonly remarks: readonly string[];
  /** Cases that did not come to their end, with the reason. */
  readonly failures: readonly string[];
}

export interface RunPlan {
  readonly runs: number;
  /** No case begins after this time. */
  readonly limitMs: number;
  readonly progress: (text: string) => void;
}

export async function runCases(
  cases: readonly BenchCase[],
  settings: Omit<RunSettings, 'remark'>,
  { runs: count, limitMs, progress }: RunPlan,
): Promise<CaseRun> {
  const runs: MeasuredRun[] = [];
  const remarks = new Set<string>();
  const failures: string[] = [];
  for (let run = 1; run <= count; run += 1)
    for (const bench of cases)
      for (const subject of bench.subjects) {
        if (!isAvailable(subject)) {
          remarks.add(`skipped: ${subject} is not installed`);
          continue;
        }
        if (performance.now() > limitMs) {
          remarks.add(`skipped: ${bench.name} of ${subject}, because the time is over`);
          continue;
        }
        progress(`run ${run} of ${count}: ${bench.name}, ${subject}`);
        const remark = (text: string): void => void remarks.add(`${bench.name}: ${text}`);
        try {
          const figures = await bench.run({ ...settings, remark }, subject);
          runs.push([bench, subject, figures]);
          const load = figures.find(({ name }) => name === LOAD_FIGURE)?.value ?? 0;
          if (load > LOAD_PERCENT_MAX) {
            remark(`with ${subject} the load and the hub use ${Math.round(load)} % of a core, and may be the limit`);
          }
        } catch (error) {
          failures.push(`${bench.name}, ${subject}: ${error instanceof Error ? error.message : error}`);
        }
      }
  return { runs, remarks: [...remarks], failures };
}
