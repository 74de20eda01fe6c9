/**
 * Verdict of `holdfast status`: is any data being lost?
 *
 * Each condition states its effect on data; the worst effect is the verdict. The sentence adds where the messages are
 * now, so that the reader can check the verdict. Pure.
 */
import type { ConditionCode } from './conditions/catalogue.ts';
import type { Condition, Losing, StatusFacts, StatusReport } from './reports/report.ts';
import { ageWords, countOf, countWords, etaWords, rateWords } from './words.ts';

const RANK: Readonly<Record<Losing, number>> = { no: 0, 'at risk': 1, unknown: 2, yes: 3 };

const ANSWER: Readonly<Record<Losing, string>> = { no: 'No.', 'at risk': 'Not yet.', unknown: 'Unknown.', yes: 'Yes.' };

/** Report with the verdict, and with the conditions in order. */
export function judge(facts: StatusFacts): StatusReport {
  const conditions = facts.conditions.toSorted(byWeight);
  const losing = worstOf(conditions)?.losing ?? 'no';
  return { losing, sentence: sentenceFor({ ...facts, conditions }, losing), ...facts, conditions };
}

function worstOf(conditions: readonly Condition[]): Condition | undefined {
  return conditions.toSorted((left, right) => RANK[right.losing] - RANK[left.losing])[0];
}

/** Conditions that must be fixed before all others: location of the store, full disk. */
const FIRST: readonly ConditionCode[] = ['store-volatile', 'store-failed', 'store-full'];

/** Conditions about past events, shown until they are acknowledged. All other conditions are current. */
const PAST: ReadonlySet<ConditionCode> = new Set([
  'downlink-gap',
  'dead-letters',
  'damaged-rows',
  'damaged-records',
  'loss-unknown',
  'message-set-aside',
  'restarted-after-hang',
]);

/**
 * Order of conditions: the worst first. Past events rank one step lower; among equals a trial of the configuration comes
 * first, because its rollback may be the remedy of the others, and then the oldest.
 */
function byWeight(left: Condition, right: Condition): number {
  return (
    FIRST.indexOf(right.code) - FIRST.indexOf(left.code) ||
    weightOf(right) - weightOf(left) ||
    Number(PAST.has(left.code)) - Number(PAST.has(right.code)) ||
    Number(isTrial(right)) - Number(isTrial(left)) ||
    right.forMs - left.forMs
  );
}

function isTrial({ code }: Condition): boolean {
  return code === 'config-unconfirmed';
}

function weightOf({ code, losing }: Condition): number {
  return RANK[losing] - Number(PAST.has(code));
}

function sentenceFor(facts: StatusFacts, losing: Losing): string {
  const { volatile } = facts.store;
  const [first] = facts.conditions;
  const worst = first !== undefined && FIRST.includes(first.code) ? first : worstOf(facts.conditions);
  const inRam = volatile === null ? '' : `The store is in RAM (${volatile}): a power cut loses every message in it. `;
  const what = losing === 'no' || worst?.code === 'store-volatile' ? '' : `${worst?.sentence ?? ''} `;
  return `${ANSWER[losing]} ${inRam}${what}${whereaboutsOf(facts, losing)}`;
}

/** Sentence about the location of the uplinks. */
function whereaboutsOf({ outbox, hub, store, ledger, conditions }: StatusFacts, losing: Losing): string {
  if (ledger === null) return 'The contents of the store are unknown until it opens.';
  const safe = store.volatile === null ? 'safe on disk' : 'stored in RAM only';
  if (hub.state === 'connected') {
    if (outbox.messages > 0 && outbox.onDisk === 0)
      return `The hub is connected; ${countOf(outbox.messages, 'message')} on the way to it, not acknowledged yet.`;
    if (outbox.onDisk === 0)
      return `The hub is connected${losing === 'no' ? ' and accepts all messages' : '; no uplink waits on disk'}.`;
    if (conditions.some(({ code }) => code === 'backlog-paused'))
      return `${countOf(outbox.onDisk, 'message')} ${safe}; the backlog is paused by an operator.`;
    const eta = outbox.etaMs === null ? '' : `, done in ${etaWords(outbox.etaMs)}`;
    const unstored = outbox.messages - outbox.onDisk;
    const more = unstored > 0 ? ` ${countWords(unstored)} more not acknowledged yet.` : '';
    return `${countOf(outbox.onDisk, 'message')} ${safe}, on the way to the hub at ${rateWords(outbox.ratePerS)}${eta}.${more}`;
  }
  const away = hub.since === null ? 'not reached yet' : `away ${ageWords(hub.since)}`;
  if (outbox.messages === 0) return `Nothing is waiting for the hub (${away}).`;
  const inRam = outbox.messages - outbox.onDisk;
  const unsaved = inRam > 0 ? ` ${countWords(inRam)} more being written.` : '';
  return `${countOf(outbox.onDisk, 'message')} ${safe}, waiting for the hub (${away}).${unsaved}`;
}
