/**
 * Operator holds: messages that match wait on disk until an operator releases them. A message is accepted as before,
 * and its order within its topic is kept. (A message that is *held* in RAM for `hold_ms` is another thing.)
 */
import type { Direction } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import { filterMatches } from '../base/topic.ts';
import { ownerOf } from './lane-number.ts';

/** Subdevices and topics of a hold. It identifies the hold. */
export interface HoldScope {
  readonly direction: Direction;
  /** Number of the subdevice, or `EVERY_SUBDEVICE`. */
  readonly subdevice: number;
  /** Filter of topics at the hub, or `EVERY_TOPIC`. */
  readonly filter: string;
}

export interface OperatorHold extends HoldScope {
  readonly since: Stamp;
}

export const EVERY_SUBDEVICE = -1;
/** The filter `#` does not match topics that begin with `$`; this one does. */
export const EVERY_TOPIC = '';
/** Largest number of holds. */
export const HOLDS_MAX = 256;

export function coversTopic(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => filter === EVERY_TOPIC || filterMatches(filter, topic));
}

export function isSameScope(one: HoldScope, other: HoldScope): boolean {
  return one.direction === other.direction && one.subdevice === other.subdevice && one.filter === other.filter;
}

/** Topic filters of the holds on a lane of any kind. */
export function filtersOn(lane: number, holds: readonly OperatorHold[]): readonly string[] {
  const owner = ownerOf(lane);
  return holds
    .filter(({ subdevice }) => subdevice === owner || subdevice === EVERY_SUBDEVICE)
    .map(({ filter }) => filter);
}
