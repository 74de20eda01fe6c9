/**
 * One check of `holdfast doctor`: facts, a verdict, and a remedy. A check never throws for what it examines, and has a
 * deadline. So no check ends the examination or makes it hang.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../base/fault.ts';
import { durationWords } from '../ops/words.ts';
import type { DoctorInput } from './doctor-input.ts';

/** `skipped`: the check was not possible; the fact gives the reason. */
export type CheckVerdict = 'ok' | 'warn' | 'fail' | 'skipped';

export interface CheckFinding {
  /** Stable identifier: that of the check, or that of the check, a colon, and the name of a link or condition. */
  readonly id: string;
  readonly verdict: CheckVerdict;
  /** Whole sentences about what was seen. */
  readonly facts: readonly string[];
  /** Sentences about what to do; `null`: nothing. */
  readonly remedy: string | null;
}

export interface Check {
  /** Stable identifier, `area.subject`. */
  readonly id: string;
  /** Purpose of the check, for the documentation and the progress line. */
  readonly about: string;
  /** Longest duration, ms. A check without a result by then is a warning. */
  readonly msMax: number;
  /** Remedy if there is no result by then; default: that of an overloaded machine. */
  readonly lateRemedy?: string;
  /** @param signal aborted at the deadline */
  run(input: DoctorInput, signal: AbortSignal): Promise<readonly CheckFinding[]>;
}

export interface TimedFinding extends CheckFinding {
  /** Duration of the check, ms. */
  readonly ms: number;
}

export const ok = (id: string, ...facts: readonly string[]): CheckFinding => ({
  id,
  verdict: 'ok',
  facts,
  remedy: null,
});
export const warn = (id: string, fact: string | readonly string[], remedy: string): CheckFinding => ({
  id,
  verdict: 'warn',
  facts: [fact].flat(),
  remedy,
});
export const fail = (id: string, fact: string | readonly string[], remedy: string): CheckFinding => ({
  id,
  verdict: 'fail',
  facts: [fact].flat(),
  remedy,
});
export const skipped = (id: string, why: string): CheckFinding => ({
  id,
  verdict: 'skipped',
  facts: [why],
  remedy: null,
});

/** Runs one check. Never rejects, and returns by the deadline of the check. */
export async function runCheck(check: Check, input: DoctorInput): Promise<readonly TimedFinding[]> {
  const beganMs = performance.now();
  const deadline = new AbortController();
  const late = pause(check.msMax, undefined, { signal: deadline.signal }).then(
    () => [overdue(check)],
    () => [],
  );
  const result = check.run(input, deadline.signal).catch((error: unknown) => [broken(check, error)]);
  const findings = await Promise.race([result, late]);
  deadline.abort();
  const ms = Math.round(performance.now() - beganMs);
  return findings.map((finding) => ({ ...finding, ms }));
}

function overdue({ id, msMax, lateRemedy }: Check): CheckFinding {
  return warn(
    id,
    `No result within ${durationWords(msMax)}.`,
    lateRemedy ?? 'The machine is overloaded, or a device or a file system does not answer. Look at: top, dmesg.',
  );
}

/** CheckFinding for a check that threw. An unknown error is no verdict about the gateway. */
function broken({ id }: Check, error: unknown): CheckFinding {
  if (error instanceof Fault) return fail(id, `${error.message}.`, error.hint);
  const what = error instanceof Error ? error.message : String(error);
  return skipped(id, `This check failed: ${what}.`);
}
