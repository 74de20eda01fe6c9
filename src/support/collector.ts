/** One part of a support archive: a file name, and a function that makes its text within a deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import { durationWords } from '../ops/words.ts';

/** Result of a collector, not redacted yet. `kept`: which end of a text that is too long is kept. */
export type Collected =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string; readonly kept?: 'end' }
  | { readonly kind: 'left out'; readonly why: string };

export interface Collector {
  /** Name in the archive. */
  readonly file: string;
  /** Longest duration, ms. */
  readonly msMax: number;
  /** @param signal aborted at the deadline */
  collect(signal: AbortSignal): Promise<Collected>;
}

export const leftOut = (why: string): Collected => ({ kind: 'left out', why });

/** Runs a collector. Never rejects, and returns by its deadline. */
export async function runCollector({ collect, msMax }: Collector): Promise<Collected> {
  const deadline = new AbortController();
  const late = pause(msMax, undefined, { signal: deadline.signal }).then(
    () => leftOut(`no result within ${durationWords(msMax)}`),
    () => leftOut('ended'),
  );
  const result = collect(deadline.signal).catch((error: unknown) =>
    leftOut(error instanceof Error ? error.message : String(error)),
  );
  const collected = await Promise.race([result, late]);
  deadline.abort();
  return collected;
}
