/** Operator holds in reports. */
import type { Age, Stamp } from '../../base/time.ts';
import { EVERY_SUBDEVICE, EVERY_TOPIC, type OperatorHold } from '../../custody/operator-hold.ts';
import type { QueueName } from './message-selector.ts';

export interface HoldReport {
  readonly queue: QueueName;
  /** `null`: every subdevice. */
  readonly subdevice: string | null;
  /** Filter of topics at the hub; `null`: every topic. */
  readonly topic: string | null;
  /** Time since the hold began. */
  readonly age: Age;
}

export function holdReportOf(
  { direction, subdevice, filter, since }: OperatorHold,
  facts: { readonly nameOf: (lane: number) => string; readonly ageOf: (stamp: Stamp) => Age },
): HoldReport {
  return {
    queue: direction === 'uplink' ? 'outbox' : 'inbox',
    subdevice: subdevice === EVERY_SUBDEVICE ? null : facts.nameOf(subdevice),
    topic: filter === EVERY_TOPIC ? null : filter,
    age: facts.ageOf(since),
  };
}

/** `meter-1 on plant/#`, `meter-1`, `every subdevice on plant/#`. */
export function holdWords({ subdevice, topic }: Pick<HoldReport, 'subdevice' | 'topic'>): string {
  return `${subdevice ?? 'every subdevice'}${topic === null ? '' : ` on ${topic}`}`;
}

/** Options of `release` that end the hold. */
export function holdOptions({ subdevice, topic }: Pick<HoldReport, 'subdevice' | 'topic'>): string {
  const options = [
    ...(subdevice === null ? [] : [`--subdevice ${subdevice}`]),
    ...(topic === null ? [] : [`--topic '${topic}'`]),
  ];
  return options.length === 0 ? '--all' : options.join(' ');
}
