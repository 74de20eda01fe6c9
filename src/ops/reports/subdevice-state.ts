/** State of a subdevice from its report, and the words for it: the same on every screen and page. */
import { durationWords } from '../words.ts';
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

/** `9 s ago`, `never`, or `not since the start`. */
export function lastSeenWords({ link, silentMs }: Pick<SubdeviceReport, 'link' | 'silentMs'>): string {
  if (silentMs !== null) return `${durationWords(silentMs)} ago`;
  return link === null ? 'never' : 'not since the start';
}
