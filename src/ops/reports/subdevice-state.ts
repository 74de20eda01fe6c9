/** State of a subdevice from its report, and the words for it. */
import type { SubdeviceCounts, SubdeviceReport } from './report.ts';

export type SubdeviceState = keyof SubdeviceCounts;

export function subdeviceState({
  link,
  attached,
  lostInMs,
}: Pick<SubdeviceReport, 'link' | 'attached' | 'lostInMs'>): SubdeviceState {
  if (attached) return lostInMs === null ? 'connected' : 'asleep';
  return link === null ? 'neverSeen' : 'away';
}

export const STATE_WORDS: Readonly<Record<SubdeviceState, string>> = {
  connected: 'connected',
  asleep: 'asleep',
  away: 'away',
  neverSeen: 'never seen',
};
