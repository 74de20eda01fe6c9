/** Condition after a hang: the watchdog has restarted the gateway, or keeps it running without a port. Pure. */
import type { Condition } from '../reports/report.ts';
import { durationWords, unreadLinksWords } from '../words.ts';

/** Hang of an earlier process of this boot (`io/hang-log.ts`). */
export interface PastHang {
  readonly source: string;
  readonly what: string;
  readonly where: string;
  /** Time for which nothing moved on, ms. */
  readonly forMs: number;
  /** Time since the hang, ms. */
  readonly agoMs: number;
  /** True if the main thread wrote recordings while it hung. */
  readonly hasRecordings: boolean;
  /** True if an operator has handled the loss that the hang may have caused. */
  readonly isHandled: boolean;
}

/** Time for which a hang is shown: a technician who comes once a day sees it. Events keep it longer. */
const SHOWN_MS = 24 * 3_600_000;

/** @param unacknowledged links whose devices get no acknowledgements: what they sent during the hang may be lost */
export function hangConditions(hangs: readonly PastHang[], unacknowledged: readonly string[]): Condition[] {
  const recent = hangs.filter(isRecent);
  const last = recent.at(-1);
  if (last === undefined) return [];
  const often = recent.length === 1 ? '' : ` It is hang ${recent.length} within a day.`;
  const isOpen = mayHaveLost(hangs, unacknowledged);
  const lost = isOpen ? ` ${unreadLinksWords(unacknowledged)}` : '';
  const handle = isOpen ? ' Compare what these devices sent, then run: sudo holdfast acknowledge-loss.' : '';
  return [
    {
      code: 'restarted-after-hang',
      losing: isOpen ? 'unknown' : 'no',
      forMs: last.agoMs,
      sentence: `Restarted by the watchdog ${durationWords(last.agoMs)} ago: ${last.what} for ${durationWords(last.forMs)}.${lost}${often}`,
      hint: `${hintOf(last)}${handle}`,
    },
  ];
}

/** True if a hang of the last day may have lost messages and no operator has handled that. */
export function mayHaveLost(hangs: readonly PastHang[], unacknowledged: readonly string[]): boolean {
  return unacknowledged.length > 0 && hangs.some((hang) => isRecent(hang) && !hang.isHandled);
}

function isRecent({ agoMs }: PastHang): boolean {
  return agoMs < SHOWN_MS;
}

function hintOf({ source, where, hasRecordings }: PastHang): string {
  if (source === 'store-thread')
    return 'Look at dmesg for errors of the card or disk, run holdfast doctor, and replace the card if this repeats.';
  if (source === 'serial-open')
    return 'Unplug the adapter of this port and plug it in again, look at dmesg, and replace the adapter if this repeats.';
  const place = where === '' ? '' : ` It hung at ${where}.`;
  const recordings = hasRecordings ? ' and the newest files of the folder recordings in the state directory' : '';
  return `This is a defect of holdfast: report it with the archive of sudo holdfast bundle${recordings}.${place}`;
}
