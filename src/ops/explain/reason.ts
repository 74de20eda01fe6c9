/** Reason of an explanation, with the remedy of the table. */
import type { Reason } from './explain-report.ts';
import { REASONS, type ReasonCode } from './reasons.ts';

/** @param endsInMs time after which the reason ends by itself, ms */
export function reasonOf(code: ReasonCode, sentence: string, endsInMs: number | null = null): Reason {
  return { code, sentence, remedy: REASONS[code].remedy, endsInMs };
}
