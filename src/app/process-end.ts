/** End of the process: its exit code and reason, and the regular stop of the gateway within a time limit. */
import type { Journal } from '../io/journal.ts';
import type { Gateway } from './gateway.ts';

export interface End {
  readonly code: number;
  readonly reason: string;
  /** True if a part of the process does not move on, so the end must not wait for a thread. */
  readonly isHung?: boolean;
}

/**
 * Longest time for the stop of the gateway. Every acknowledged message is on disk already, and the next start continues
 * with these messages.
 */
const DRAIN_MS_MAX = 10_000;

export function newEnding(): { readonly ended: Promise<End>; readonly end: (end: End) => void } {
  const { promise, resolve } = Promise.withResolvers<End>();
  return { ended: promise, end: resolve };
}

export async function stopWithin(gateway: Gateway, reason: string, journal: Journal): Promise<void> {
  const { clock } = gateway.parts;
  const isLate = new Promise<'late'>((resolve) => clock.wakeAt(clock.nowMs() + DRAIN_MS_MAX, () => resolve('late')));
  const outcome = await Promise.race([gateway.stop(reason), isLate]);
  if (outcome === 'late')
    journal.warn(`the last commit took longer than ${DRAIN_MS_MAX} ms; every acknowledged message is on disk`);
  else journal.info('gateway stopped; every message in custody is on disk');
}
