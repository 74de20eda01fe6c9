/** Words for the state of a subdevice. */

import { durationWords } from '../words.ts';
import type { SubdeviceReport } from './report.ts';

export function subdeviceStateWords({ attached, link, lasting, lostInMs, configured }: SubdeviceReport): string {
  if (lostInMs !== null) return `asleep, ${durationWords(lostInMs)} left`;
  if (attached) return 'attached';
  if (!configured) return 'not in the configuration';
  if (link === null) return 'never seen';
  return lasting ? 'away, session kept' : 'away';
}

export function subdeviceAtHubWords({ binding, onlineAtHub }: SubdeviceReport): string {
  if (binding === 'unbound') return 'NOT BOUND';
  if (onlineAtHub === null) return binding === 'bound' ? 'bound' : '-';
  return onlineAtHub ? 'online' : 'offline';
}
