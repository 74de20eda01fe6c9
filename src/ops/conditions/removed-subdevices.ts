/** Condition for subdevices that were removed from the configuration while their sessions are kept. Pure. */
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

export interface RemovedSubdevice {
  readonly subdevice: string;
  /** Downlinks waiting for the subdevice. */
  readonly downlinks: number;
}

const NAMES_MAX = 3;

/** @param forMs ms since the start */
export function removedConditions(removed: readonly RemovedSubdevice[], forMs: number): Condition[] {
  const [first] = removed;
  if (first === undefined) return [];
  const names = removed.slice(0, NAMES_MAX).map(({ subdevice }) => subdevice);
  const more = removed.length > NAMES_MAX ? ` and ${removed.length - NAMES_MAX} more` : '';
  const downlinks = removed.reduce((sum, one) => sum + one.downlinks, 0);
  const [verb, sessions] =
    removed.length === 1 ? ['is', 'its session still collects'] : ['are', 'their sessions still collect'];
  return [
    {
      code: 'subdevice-removed',
      losing: 'no',
      forMs,
      sentence: `${names.join(', ')}${more} ${verb} not in the configuration, and ${sessions} downlinks: ${countOf(downlinks, 'downlink')} waiting.`,
      hint: `Add a [[subdevice]] for it, or end its session and discard its downlinks: holdfast subdevices forget ${first.subdevice}.`,
    },
  ];
}
