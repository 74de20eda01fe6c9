/** Facts about messages in the store of a gateway that does not run. */
import type { Direction } from '../../base/message.ts';
import { ageOf, type Epoch } from '../../base/time.ts';
import { ownerOf } from '../../custody/lane-number.ts';
import { coversTopic, filtersOn, type OperatorHold } from '../../custody/operator-hold.ts';
import type { SubdeviceRow } from '../../custody/row.ts';
import type { BootMoment } from '../reports/offline-report.ts';
import type { MessageFacts } from './message-report.ts';

/** Records of the store that the facts depend on. */
export interface StoredFacts {
  readonly subdevices: readonly SubdeviceRow[];
  readonly epochs: ReadonlyMap<number, Epoch>;
  readonly holds: readonly OperatorHold[];
}

export function offlineFactsOf(
  { subdevices, epochs, holds }: StoredFacts,
  direction: Direction,
  { bootId, upMs }: BootMoment,
): MessageFacts {
  const names = new Map(subdevices.map(({ lane, id }) => [lane, id]));
  const numbers = [...epochs.values()];
  const current = numbers.find((one) => one.bootId === bootId)?.epoch;
  const epoch = current ?? Math.max(0, ...numbers.map((one) => one.epoch)) + 1; // no gateway has run in this boot
  const own = holds.filter((hold) => hold.direction === direction);
  return {
    nameOf: (lane) => names.get(ownerOf(lane)) ?? '(no subdevice)',
    ageOf: (stamp) => ageOf(stamp, { epoch, upMs }, epochs),
    acceptedMsOf: (stamp) => {
      const wallMinusUpMs = epochs.get(stamp.epoch)?.wallMinusUpMs;
      return wallMinusUpMs === undefined ? null : Math.round(wallMinusUpMs + stamp.upMs);
    },
    stateOf: ({ lane, topic }) => ({
      state: coversTopic(filtersOn(lane, own), topic) ? 'on hold' : 'waiting',
      attempts: 0,
    }),
  };
}
