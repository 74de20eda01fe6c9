/**
 * Conditions for discarded messages: one per link and kind, with the most frequent reason, the last sample and the
 * remedy for that reason. Discards that are over are history and not a condition (`StatusReport.discarded`). Pure.
 */
import type { IntakeReason } from '../../flow/intake.ts';
import type { DiscardReport } from '../reports/intake-report.ts';
import type { LinkReport } from '../reports/link-report.ts';
import type { Condition, Losing } from '../reports/report.ts';
import { countOf, countWords, durationWords } from '../words.ts';
import type { ConditionCode } from './catalogue.ts';
import { remedyOf } from './discard-remedy.ts';
import { intakeWordsOf } from './intake-words.ts';
import { isUnread, looksLikeWords } from './misplaced.ts';

/** Smallest number of discards that proves a loss; fewer may be the start-up output of a device. */
const SURE_MIN = 3;
/**
 * Reasons of few lines that may be the start-up output of a device, or that the device repeats. Lines discarded for other
 * reasons were messages: each is lost from the first one on.
 */
const MAYBE_START_UP: ReadonlySet<IntakeReason> = new Set([
  ...(['line check', 'line noise', 'line pattern', 'line not JSON', 'line not begun', 'line cut'] as const),
]);
/** Smallest number of bytes that proves a loss; a prompt is shorter. */
const SURE_BYTES_MIN = 32;
const MOST = 0.5;
/** Share of broken frames from which repetitions are worth attention. */
const NOISY = 0.2;
const NAMES_MAX = 3;
/**
 * Time after the last report at which a trouble of a unit is over, ms. The driver reports a trouble at least once a
 * minute while it lasts.
 */
const UNIT_LASTS_MS = 150_000;

/** Codes for which another module raises a more specific condition. */
const RAISED_ELSEWHERE: readonly ConditionCode[] = ['link-foreign-device'];

export function intakeConditions(discarded: readonly DiscardReport[], links: readonly LinkReport[]): Condition[] {
  const groups = new Map<string, DiscardReport[]>();
  for (const each of discarded) {
    // `missing.ts` reports a silent unit until it answers.
    if (!each.lasts || each.reason === 'unit silent') continue;
    const { code } = intakeWordsOf(each);
    const isOfUnit = code === 'unit-trouble';
    if (isOfUnit && each.lastMs > UNIT_LASTS_MS) continue;
    const link = links.find(({ name }) => name === each.link);
    // `misplaced.ts` reports the trouble of a unit if the bytes look like another protocol.
    if (isOfUnit && link !== undefined && isUnread(link)) continue;
    // Each trouble of a unit has its own sample and remedy.
    const key = `${each.link ?? ''}\n${code}${isOfUnit ? `\n${each.reason}\n${each.subdevice}` : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap((group) => conditionOf(group, links) ?? []);
}

function conditionOf(group: readonly DiscardReport[], links: readonly LinkReport[]): Condition | undefined {
  // The most severe reason comes first, then the most frequent.
  const [first] = group.toSorted((one, other) => weight(other) - weight(one) || other.recent - one.recent);
  if (first === undefined) return undefined;
  const { code } = intakeWordsOf(first);
  if (RAISED_ELSEWHERE.includes(code)) return undefined;
  const losing = losingOf(first);
  if (losing === 'nothing') return undefined;
  const link = links.find(({ name }) => name === first.link);
  const guess = link === undefined ? undefined : (looksLikeWords(link, links) ?? kernelGuess(link, first));
  const forMs = Math.max(...group.map((each) => each.forMs));
  const sentence = `${sentenceOf(first, group)}${guess === undefined ? '' : ` ${guess.sentence}`}`;
  return { code, losing, forMs, sentence, hint: guess?.hint ?? remedyOf(first, link) };
}

/** Count of bytes with a wrong stop bit or parity that the kernel saw, for bytes that cannot be read. */
function kernelGuess({ kernel }: LinkReport, { reason, recent, share }: DiscardReport) {
  const damaged = kernel === null ? 0 : kernel.framing + kernel.parity;
  if (kernel === null || damaged < SURE_MIN || damaged * 2 < recent || share <= MOST) return undefined;
  if (!ABOUT_BYTES.includes(reason)) return undefined;
  const sentence = `The kernel counted ${countOf(kernel.framing, 'byte')} without a stop bit and ${countWords(kernel.parity)} of wrong parity.`;
  return { sentence, hint: intakeWordsOf({ reason: 'line noise', direction: null }).hint };
}

/** Reasons that may be caused by damage or by a wrong speed. */
const ABOUT_BYTES: readonly IntakeReason[] = [
  ...(['frame checksum', 'frame coding', 'frame too long', 'noise', 'line noise', 'line encoding'] as const),
  ...(['line check', 'line pattern', 'line not JSON', 'line not ended', 'line not begun', 'line cut'] as const),
];

const VERBS: Readonly<Partial<Record<ConditionCode, string>>> = {
  shedding: 'shed',
  'inbox-shedding': 'shed',
  'too-large': 'shed',
  'downlinks-unsubscribed': 'shed',
  'downlinks-unconfigured': 'shed',
  'commands-refused': 'not carried out',
  'frames-broken': 'broken',
};

const WEIGHT: Readonly<Record<Losing | 'nothing', number>> = { nothing: -1, no: 0, 'at risk': 1, unknown: 2, yes: 3 };

function weight(discard: DiscardReport): number {
  return WEIGHT[losingOf(discard)];
}

function losingOf(discard: DiscardReport): Losing | 'nothing' {
  const { recent, share, subdevice } = discard;
  const { losing, code } = intakeWordsOf(discard);
  switch (losing) {
    case 'not shown':
      return 'nothing';
    case 'no':
    case 'at risk':
    case 'unknown':
      return losing;
    case 'most':
      if (recent < SURE_MIN || share < NOISY) return 'nothing';
      return share > MOST ? 'yes' : 'at risk';
    case 'yes':
      if (code === 'downlinks-unsubscribed') return subdevice === null ? 'nothing' : 'yes';
      if (code === 'lines-not-ended') {
        if (share < MOST) return 'nothing';
        return recent >= SURE_BYTES_MIN ? 'yes' : 'at risk';
      }
      return recent < SURE_MIN && MAYBE_START_UP.has(discard.reason) ? 'at risk' : 'yes';
  }
}

function sentenceOf(first: DiscardReport, group: readonly DiscardReport[]): string {
  const { noun, why, code } = intakeWordsOf(first);
  if (code === 'unit-trouble')
    return `${first.subdevice ?? 'A unit'} on link ${first.link ?? '?'}: ${why}; ${durationWords(first.lastMs)} ago: ${first.sample}.`;
  const recent = group.reduce((sum, each) => sum + each.recent, 0);
  const where = first.link === null ? '' : ` on link ${first.link}`;
  const names = [...new Set(group.flatMap(({ subdevice }) => subdevice ?? []))];
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : '';
  const whose = names.length === 0 ? '' : ` (${names.slice(0, NAMES_MAX).join(', ')}${more})`;
  const others = new Set(group.map(({ reason }) => reason)).size > 1 ? ', and other reasons' : '';
  const last = `the last ${durationWords(Math.min(...group.map(({ lastMs }) => lastMs)))} ago`;
  const size =
    first.size === null ? '' : `, ${countOf(first.size.bytes, 'byte')} of ${countWords(first.size.bytesMax)}`;
  const sample = first.sample === '' ? size : `: ${first.sample}${size}`;
  if (code === 'lines-not-ended')
    return `${countOf(recent, 'byte')} arrived${where}${whose} without a delimiter; they begin with ${first.sample}.`;
  return `${countOf(recent, noun)} ${VERBS[code] ?? 'discarded'}${where}${whose}: ${why}${others}; ${last}${sample}.`;
}
