/**
 * The answer to the technician's first question: is it losing data?
 *
 * Each condition says what it means for the data; the worst of them is the verdict. The sentence adds where the
 * messages are now, since "no" is only believed with the number that it rests on. Pure.
 */
import type { HubReport } from './hub-report.ts';
import type { Condition, Losing, QueueReport, StatusFacts, StatusReport } from './report.ts';
import { ageWords, countOf, countWords, etaWords } from './words.ts';

const RANK: Readonly<Record<Losing, number>> = { no: 0, 'at risk': 1, yes: 2 };

/** The report with the verdict in front, and the conditions in order. */
export function judge(facts: StatusFacts): StatusReport {
  const conditions = facts.conditions.toSorted(byWeight);
  const worst = conditions[0];
  const losing = worst?.losing ?? 'no';
  return { losing, sentence: sentenceFor({ ...facts, conditions }, losing), ...facts, conditions };
}

/** The worst first; among equals the one that has stood longest. */
function byWeight(left: Condition, right: Condition): number {
  return RANK[right.losing] - RANK[left.losing] || right.forMs - left.forMs;
}

function sentenceFor(facts: StatusFacts, losing: Losing): string {
  const whereabouts = whereaboutsOf(facts.outbox, facts.hub);
  const worst = facts.conditions[0];
  switch (losing) {
    case 'no':
      return `No. ${whereabouts}`;
    case 'at risk':
      return `Not yet. ${worst?.sentence ?? ''} ${whereabouts}`;
    case 'yes':
      return `Yes. ${worst?.sentence ?? ''} ${whereabouts}`;
  }
}

/** Where the uplinks are. */
function whereaboutsOf(outbox: QueueReport, hub: HubReport): string {
  if (hub.state === 'connected') {
    if (outbox.onDisk === 0) return 'The hub is connected and takes everything.';
    const eta = outbox.etaMs === null ? '' : `, done in ${etaWords(outbox.etaMs)}`;
    return `${countOf(outbox.onDisk, 'message')} safe on disk, on the way to the hub at ${countWords(outbox.ratePerS)}/s${eta}.`;
  }
  const away = hub.since === null ? 'not reached yet' : `away ${ageWords(hub.since)}`;
  if (outbox.messages === 0) return `Nothing is waiting for the hub (${away}).`;
  const inRam = outbox.messages - outbox.onDisk;
  const unsaved = inRam > 0 ? ` ${countWords(inRam)} more being written.` : '';
  return `${countOf(outbox.onDisk, 'message')} safe on disk, waiting for the hub (${away}).${unsaved}`;
}
