/** What ended outside custody, as it is shown: `discarded` of `GET /v1/status` and `GET /v1/ledger`. */

import type { ExcessSize } from '../../base/discard.ts';
import type { Direction } from '../../base/message.ts';
import type { IntakeReason } from '../../flow/intake.ts';
import type { GatewayView } from '../gateway-view.ts';

/** Of one link, subdevice and reason, since the process started. */
export interface DiscardReport {
  /** `null`: it was in custody, so no link is to blame. */
  readonly link: string | null;
  /** `null`: not known, or too many to tell apart. */
  readonly subdevice: string | null;
  readonly reason: IntakeReason;
  /** Direction of the message; `null`: it was none, or nobody could tell. */
  readonly direction: Direction | null;
  /** Messages; bytes where the reason is `line not ended`. */
  readonly count: number;
  /** Of them, since it began the last time. */
  readonly recent: number;
  /** How long ago that was, and the last one. */
  readonly forMs: number;
  readonly lastMs: number;
  /** It goes on, as far as one can tell: since the last one, less than 10 min or three of its intervals have passed. */
  readonly lasts: boolean;
  /** Of the last frames of the link, good ones and these: 0 to 1. */
  readonly share: number;
  /** What the last one was, in printable characters; a topic, for what was shed. */
  readonly sample: string;
  /** Size of the last one and of the largest that is taken, in bytes; `null`: it was not too large, or the size is not known. */
  readonly size: ExcessSize | null;
}

export function discardReports({ intake, clock }: GatewayView): DiscardReport[] {
  const nowMs = clock.nowMs();
  return intake.tallies().map((tally) => {
    const { link, subdevice, reason, direction, count, recent, sinceMs, lastAtMs, lasts, share, sample, size } = tally;
    return {
      link: link ?? null,
      subdevice: subdevice ?? null,
      reason,
      direction: direction ?? null,
      count,
      recent,
      forMs: nowMs - sinceMs,
      lastMs: nowMs - lastAtMs,
      lasts,
      share,
      sample,
      size: size ?? null,
    };
  });
}

/** Messages that ended outside custody so far; bytes without an end are none. */
export function discardedMessages(discarded: readonly DiscardReport[]): number {
  return discarded.reduce((sum, { count, reason }) => sum + (reason === 'line not ended' ? 0 : count), 0);
}
