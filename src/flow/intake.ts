/**
 * Counts of messages and frames that ended without delivery, by link, subdevice and reason, since the process started.
 * The ledger of custody begins where a message is accepted. Accepted and shed messages are counted here too, because
 * only this file records their times.
 *
 * A tally lasts for `LASTS_MS` after its last case, or for three of its usual intervals if that is longer. After that
 * it is history. Invariants: at most `TALLIES_MAX` tallies, above which subdevices are not distinguished; at most
 * `REPORTS_PER_MINUTE` facts a minute.
 */
import { type DiscardReason, type ExcessSize, sampleBytes, sampleWords } from '../base/discard.ts';
import type { Facts } from '../base/events.ts';
import type { Direction } from '../base/message.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { Clock } from '../ports.ts';
import type { OwnMessages } from './own-messages.ts';

export type IntakeReason = DiscardReason | ShedReason;

export interface Discard {
  /** Link that the message or frame came over. `undefined`: the message was in custody, so no link is the cause. */
  readonly link: string | undefined;
  readonly subdevice: string | undefined;
  readonly reason: IntakeReason;
  /** Direction of a message. `undefined`: not a message, or unknown. */
  readonly direction?: Direction | undefined;
  readonly sample: Uint8Array | string;
  readonly count: number;
  /** Size of a message that is too large. */
  readonly size?: ExcessSize | undefined;
}

export interface IntakeTally {
  readonly link: string | undefined;
  readonly subdevice: string | undefined;
  readonly reason: IntakeReason;
  readonly direction: Direction | undefined;
  /** Number of cases since the process started. */
  readonly count: number;
  /** Number of cases since the tally last began to last. */
  readonly recent: number;
  readonly sinceMs: number;
  readonly lastAtMs: number;
  readonly sample: string;
  /** Size of the last case, if it was too large. */
  readonly size: ExcessSize | undefined;
  /** True while the tally lasts. */
  readonly lasts: boolean;
  /** Share of these cases in the last frames of the link, 0 to 1. Counted by frames, not by time. */
  readonly share: number;
}

interface Entry extends Discard {
  count: number;
  recent: number;
  times: number;
  firstAtMs: number;
  lastAtMs: number;
  sample: Uint8Array | string;
  size?: ExcessSize | undefined;
  /** Number of valid frames of the link at the last case. */
  framesIn: number;
  share: number;
  unreported: number;
  reportedAtMs: number | undefined;
}

const LASTS_MS = 10 * 60_000;
/** Longest time for which a tally lasts after its last case. */
const LASTS_MS_MAX = 24 * 3_600_000;
const INTERVALS = 3;
/** Weight of the newest frame in `share`: four damaged frames in a row give more than a half, four valid ones less. */
const FRAME_WEIGHT = 1 / 6;
const TALLIES_MAX = 256;
const REPORTS_PER_MINUTE = 6;
const MINUTE_MS = 60_000;
/** Interval after which a lasting tally is reported again. */
const REPORT_AGAIN_MS = 10 * MINUTE_MS;

export class Intake {
  readonly #clock: Clock;
  readonly #facts: Facts;
  readonly #framesIn: (link: string) => number;
  readonly #entries = new Map<string, Entry>();
  #minuteEndsAtMs = 0;
  #reportedThisMinute = 0;

  /** @param framesIn returns the number of valid frames of a link so far */
  constructor(clock: Clock, facts: Facts, framesIn: (link: string) => number) {
    this.#clock = clock;
    this.#facts = facts;
    this.#framesIn = framesIn;
  }

  note(discard: Discard): void {
    const nowMs = this.#clock.nowMs();
    const entry = this.#entryOf(discard, nowMs);
    if (!lasts(entry, nowMs)) Object.assign(entry, { recent: 0, times: 0, firstAtMs: nowMs, reportedAtMs: undefined });
    const framesIn = this.#goodOn(entry.link);
    const share = fade(entry.share, framesIn - entry.framesIn);
    entry.share = 1 - fade(1 - share, discard.count);
    entry.count += discard.count;
    entry.recent += discard.count;
    entry.unreported += discard.count;
    entry.times += 1;
    entry.lastAtMs = nowMs;
    entry.size = discard.size;
    entry.sample = typeof discard.sample === 'string' ? discard.sample : sampleBytes(discard.sample);
    entry.framesIn = framesIn;
    this.#report(entry, nowMs);
  }

  tallies(): IntakeTally[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#entries.values()].map((entry) => {
      const { link, subdevice, reason, direction, count, recent, firstAtMs, lastAtMs, share } = entry;
      return {
        link,
        subdevice,
        reason,
        direction,
        count,
        recent,
        sinceMs: firstAtMs,
        lastAtMs,
        share: fade(share, this.#goodOn(link) - entry.framesIn),
        sample: sampleWords(entry.sample),
        size: entry.size,
        lasts: lasts(entry, nowMs),
      };
    });
  }

  #goodOn(link: string | undefined): number {
    return link === undefined ? 0 : this.#framesIn(link);
  }

  #entryOf(discard: Discard, nowMs: number): Entry {
    const { link, reason, direction } = discard;
    const isFull = this.#entries.size >= TALLIES_MAX;
    const key = (subdevice: string | undefined): string =>
      `${link ?? ''}\n${subdevice ?? ''}\n${direction ?? ''}\n${reason}`;
    const known = this.#entries.get(key(discard.subdevice));
    if (known !== undefined) return known;
    const subdevice = isFull ? undefined : discard.subdevice;
    const entry: Entry = this.#entries.get(key(subdevice)) ?? {
      ...discard,
      subdevice,
      count: 0,
      recent: 0,
      times: 0,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      framesIn: this.#goodOn(link),
      share: 0,
      unreported: 0,
      reportedAtMs: undefined,
    };
    this.#entries.set(key(subdevice), entry);
    return entry;
  }

  /**
   * Reports the first case, and later the sum of further cases. Cases that have to wait are included in the next
   * report.
   */
  #report(entry: Entry, nowMs: number): void {
    if (entry.reportedAtMs !== undefined && nowMs < entry.reportedAtMs + REPORT_AGAIN_MS) return;
    if (nowMs >= this.#minuteEndsAtMs) {
      this.#minuteEndsAtMs = nowMs + MINUTE_MS;
      this.#reportedThisMinute = 0;
    }
    if (this.#reportedThisMinute >= REPORTS_PER_MINUTE) return;
    this.#reportedThisMinute += 1;
    const { link, subdevice, reason, unreported: count } = entry;
    entry.reportedAtMs = nowMs;
    entry.unreported = 0;
    this.#facts.emit('discarded', {
      link: link ?? null,
      subdevice: subdevice ?? null,
      reason,
      count,
      sample: sampleWords(entry.sample),
    });
  }
}

/** Returns the rest of a share after a number of frames of the other kind. */
function fade(share: number, frames: number): number {
  return share * (1 - FRAME_WEIGHT) ** Math.max(0, frames);
}

function lasts({ firstAtMs, lastAtMs, times }: Entry, nowMs: number): boolean {
  const interval = times < 2 ? 0 : (lastAtMs - firstAtMs) / (times - 1);
  return nowMs - lastAtMs < Math.min(LASTS_MS_MAX, Math.max(LASTS_MS, INTERVALS * interval));
}

/**
 * Reasons that are noted at the place of the decision, which knows the text of the driver or the subdevice of the
 * topic.
 */
const NOTED_ELSEWHERE: readonly ShedReason[] = [
  'refused by the subdevice',
  'refused by the gateway',
  'given up without an answer',
  'too large for the link',
  'too large for the gateway',
  'no subscriber',
  'names no subdevice',
  'invalid document',
];
/** Reasons that are not noted: the messages have no effect. */
const NOT_NOTED: readonly ShedReason[] = ['empty', 'forgotten by hand'];

/** Message whose custody was ended by a policy. */
export interface ShedMessage {
  readonly direction: Direction;
  readonly subdevice: string | undefined;
  readonly reason: ShedReason;
  /** Topic of the message. `undefined`: unknown. */
  readonly topic: string | undefined;
}

/** @param own knows the downlinks that the hub sends again, which are no loss */
export function noteShed(
  intake: Pick<Intake, 'note'>,
  { direction, subdevice, reason, topic = '' }: ShedMessage,
  own: Pick<OwnMessages, 'wasShed'>,
): void {
  if (NOTED_ELSEWHERE.includes(reason) || NOT_NOTED.includes(reason)) return;
  if (direction === 'downlink' && subdevice !== undefined && own.wasShed(subdevice, topic)) return;
  intake.note({ link: undefined, subdevice, direction, reason, sample: topic, count: 1 });
}
