/**
 * The answer to the technician's first question: is it losing data?
 *
 * Each condition says what it means for the data; the worst of them is the verdict. The sentence adds where the
 * messages are now, since "no" is only believed with the number that it rests on. Pure.
 */
import type { Condition, Losing, StatusFacts, StatusReport } from './reports/report.ts';
import { ageWords, countOf, countWords, etaWords } from './words.ts';

const RANK: Readonly<Record<Losing, number>> = { no: 0, 'at risk': 1, unknown: 2, yes: 3 };

const ANSWER: Readonly<Record<Losing, string>> = { no: 'No.', 'at risk': 'Not yet.', unknown: 'Unknown.', yes: 'Yes.' };

/** The report with the verdict in front, and the conditions in order. */
export function judge(facts: StatusFacts): StatusReport {
  const conditions = facts.conditions.toSorted(byWeight);
  const losing = worstOf(conditions)?.losing ?? 'no';
  return { losing, sentence: sentenceFor({ ...facts, conditions }, losing), ...facts, conditions };
}

function worstOf(conditions: readonly Condition[]): Condition | undefined {
  return conditions.toSorted((left, right) => RANK[right.losing] - RANK[left.losing])[0];
}

/** A store that a power cut loses before all else, then the worst; among equals the one that has stood longest. */
function byWeight(left: Condition, right: Condition): number {
  const [first, second] = [left, right].map(({ code }) => code === 'store-volatile');
  return Number(second) - Number(first) || RANK[right.losing] - RANK[left.losing] || right.forMs - left.forMs;
}

function sentenceFor(facts: StatusFacts, losing: Losing): string {
  const { volatile } = facts.store;
  const worst = worstOf(facts.conditions);
  const inRam = volatile === null ? '' : `The store is in RAM (${volatile}): a power cut loses every message in it. `;
  const what = losing === 'no' || worst?.code === 'store-volatile' ? '' : `${worst?.sentence ?? ''} `;
  return `${ANSWER[losing]} ${inRam}${what}${whereaboutsOf(facts, losing)}`;
}

/** Where the uplinks are. */
function whereaboutsOf({ outbox, hub, store, books }: StatusFacts, losing: Losing): string {
  if (books === null) return 'What the store holds can only be seen once it opens.';
  const safe = store.volatile === null ? 'safe on disk' : 'stored in RAM only';
  if (hub.state === 'connected') {
    if (outbox.onDisk === 0)
      return `The hub is connected${losing === 'no' ? ' and takes everything' : '; no uplink waits on disk'}.`;
    const eta = outbox.etaMs === null ? '' : `, done in ${etaWords(outbox.etaMs)}`;
    return `${countOf(outbox.onDisk, 'message')} ${safe}, on the way to the hub at ${countWords(outbox.ratePerS)}/s${eta}.`;
  }
  const away = hub.since === null ? 'not reached yet' : `away ${ageWords(hub.since)}`;
  if (outbox.messages === 0) return `Nothing is waiting for the hub (${away}).`;
  const inRam = outbox.messages - outbox.onDisk;
  const unsaved = inRam > 0 ? ` ${countWords(inRam)} more being written.` : '';
  return `${countOf(outbox.onDisk, 'message')} ${safe}, waiting for the hub (${away}).${unsaved}`;
}
