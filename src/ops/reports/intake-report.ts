/** Discarded and shed messages: `discarded` of `GET /v1/status` and `GET /v1/ledger`. */

import type { ExcessSize } from '../../base/discard.ts';
import type { Direction } from '../../base/message.ts';
import type { IntakeReason } from '../../flow/intake.ts';
import type { GatewayView } from '../gateway-view.ts';

/** Discards of one link, subdevice and reason, since the process started. */
export interface DiscardReport {
  /** Link of the cases; `null`: the message was in custody, so no link is concerned. */
  readonly link: string | null;
  /** Subdevice of the cases; `null`: not known, or too many to distinguish. */
  readonly subdevice: string | null;
  readonly reason: IntakeReason;
  /** Direction of the message; `null`: not a message, or unknown. */
  readonly direction: Direction | null;
  /** Number of messages, or of bytes if the reason is `line not ended`. */
  readonly count: number;
  /** Part of `count` since the current episode began. */
  readonly recent: number;
  /** Age of the current episode, ms. */
  readonly forMs: number;
  /** Age of the last discard, ms. */
  readonly lastMs: number;
  /**
   * The discards continue: since the last one less than 10 min have passed, or less than three of the usual intervals.
   */
  readonly lasts: boolean;
  /** Share of these cases in the last frames of the link, 0 to 1. */
  readonly share: number;
  /** Sample of the last case in printable characters; the topic, if the message was shed. */
  readonly sample: string;
  /**
   * Size of the last case and largest accepted size, in bytes; `null`: the case was not too large, or its size is
   * unknown.
   */
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

/** Number of messages discarded or shed; bytes of unfinished lines do not count. */
export function discardedMessages(discarded: readonly DiscardReport[]): number {
  return discarded.reduce((sum, { count, reason }) => sum + (reason === 'line not ended' ? 0 : count), 0);
}
