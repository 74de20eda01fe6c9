/** Condition for a subdevice that sends on two links: two devices have one id. Pure. */
import type { Condition } from '../reports/report.ts';

/** Subdevice of which frames arrive on several links in turn. */
export interface MovingSubdevice {
  readonly subdevice: string;
  /** Links on which it was attached, the newest last. */
  readonly links: readonly string[];
  /** Time since the first move, ms. */
  readonly forMs: number;
}

export function movingConditions(moving: readonly MovingSubdevice[]): Condition[] {
  return moving.map(({ subdevice, links, forMs }) => ({
    code: 'subdevice-moves',
    losing: 'at risk',
    forMs,
    sentence: `Frames of subdevice ${subdevice} arrive on the links ${links.join(' and ')} in turn. Either two devices have the same id, or one device is connected to both lines.`,
    hint: `Give each device its own id. Downlinks of ${subdevice} reach only the device that connected last.`,
  }));
}
