/** Events of the report of the history, in the order of a page. */
import type { EventsReport } from '../ops/reports/events-report.ts';
import { dateWords, durationWords } from '../ops/words.ts';
import type { PageEvents } from './page-content.ts';

/** @param samples `removed`: for a page that leaves the machine. The sentence of a condition may contain a sample of a message */
export function pageEventsOf({ events, more }: EventsReport, samples: 'kept' | 'removed'): PageEvents {
  return {
    events: events.toReversed().map(({ atMs, boot, upMs, kind, name, subject, sentence, durationMs }) => ({
      when: atMs === null ? `${durationWords(upMs)} after boot ${boot}` : dateWords(atMs),
      kind,
      sentence: samples === 'removed' && name === 'conditionRaised' ? `condition ${subject}` : sentence,
      durationMs,
    })),
    more,
  };
}
