/** Words for the state of a subdevice. */

import { durationWords } from '../words.ts';
import type { SubdeviceReport } from './report.ts';
import { STATE_WORDS, subdeviceState } from './subdevice-state.ts';

/** State with its details; a subdevice without a connection that is not in the configuration is named as that. */
export function subdeviceStateWords(subdevice: SubdeviceReport): string {
  const { attached, lasting, lostInMs, configured } = subdevice;
  const state = subdeviceState(subdevice);
  if (!attached && !configured) return 'not in the configuration';
  if (lostInMs !== null) return `${STATE_WORDS[state]}, ${durationWords(lostInMs)} left`;
  return state === 'away' && lasting ? `${STATE_WORDS[state]}, session kept` : STATE_WORDS[state];
}

export function subdeviceAtHubWords({ binding, onlineAtHub }: SubdeviceReport): string {
  if (binding === 'unbound') return 'NOT BOUND';
  if (onlineAtHub === null) return binding === 'bound' ? 'bound' : '-';
  return onlineAtHub ? 'online' : 'offline';
}
