/** Messages that were shed since the start: one condition for each remedy. */
import { type Counts, type ShedReason, shedEntries } from '../custody/ledger.ts';
import type { Condition } from './report.ts';
import { countOf } from './words.ts';

/** Where each limit of size is set. */
const SIZE_REMEDIES: Readonly<Partial<Record<ShedReason, string>>> = {
  'too large for the link': 'raise packet_bytes_max or line_bytes_max of the link',
  'too large for the gateway': 'raise payload_bytes_max of [hub]',
  'too large for the hub': 'raise payload_bytes_max or topic_bytes_max of [hub], if the hub takes more',
};

/** Told of by conditions of their own, or nobody's loss. */
const ELSEWHERE: ReadonlySet<ShedReason> = new Set(['no subscriber', 'set aside after a fault']);

/** @param counts of both directions, since the start */
export function shedConditions(counts: readonly Counts[], forMs: number): Condition[] {
  const shed = counts.flatMap(shedEntries).filter(([reason]) => !ELSEWHERE.has(reason));
  const { tooLarge = [], others = [] } = Object.groupBy(shed, ([reason]) =>
    SIZE_REMEDIES[reason] === undefined ? 'others' : 'tooLarge',
  );
  const remedies = reasonsOf(tooLarge).map((reason) => SIZE_REMEDIES[reason] ?? '');
  return [
    ...conditionOf(tooLarge, {
      code: 'too-large',
      forMs,
      hint: `The sender can send smaller messages; or ${remedies.join('; ')}.`,
    }),
    ...conditionOf(others, {
      code: 'shedding',
      forMs,
      hint: 'See holdfast ledger; raise the bounds, or change the overflow policy.',
    }),
  ];
}

type Shed = readonly [ShedReason, number];

function conditionOf(shed: readonly Shed[], about: Pick<Condition, 'code' | 'forMs' | 'hint'>): Condition[] {
  const total = shed.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return [];
  const sentence = `${countOf(total, 'message')} shed since the start: ${reasonsOf(shed).join(', ')}.`;
  return [{ ...about, losing: 'yes', sentence }];
}

function reasonsOf(shed: readonly Shed[]): ShedReason[] {
  return [...new Set(shed.map(([reason]) => reason))];
}
