/**
 * Printable name of a message in custody: `u7-1234` is the uplink 1234 of subdevice number 7. The number alone
 * identifies the message in its direction, so `u1234` names the same one.
 */
import type { Direction } from '../base/message.ts';
import { ownerOf } from './lane-number.ts';

export interface NamedMessage {
  readonly direction: Direction;
  /** Number of the subdevice. `undefined`: not named. */
  readonly subdevice: number | undefined;
  readonly seq: number;
}

const NAME = /^([ud])(?:(\d{1,7})-)?(\d{1,15})$/;

export function messageName(direction: Direction, lane: number, seq: number): string {
  return `${direction === 'uplink' ? 'u' : 'd'}${ownerOf(lane)}-${seq}`;
}

/** @returns `undefined` for a text that is no name of a message */
export function parseMessageName(text: string): NamedMessage | undefined {
  const [, way, subdevice, seq] = NAME.exec(text) ?? [];
  if (way === undefined) return undefined;
  return {
    direction: way === 'u' ? 'uplink' : 'downlink',
    subdevice: subdevice === undefined ? undefined : Number(subdevice),
    seq: Number(seq),
  };
}
