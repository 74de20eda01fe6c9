/** Events of the report of the history, in the order of a page. */
import type { EventsReport } from '../ops/reports/events-report.ts';
import { dateWords, durationWords } from '../ops/words.ts';
import type { PageEvents } from './page-content.ts';

export function pageEventsOf({ events, more }: EventsReport): PageEvents {
  return {
    events: events.toReversed().map(({ atMs, boot, upMs, kind, sentence, durationMs }) => ({
      when: atMs === null ? `${durationWords(upMs)} after boot ${boot}` : dateWords(atMs),
      kind,
      sentence,
      durationMs,
    })),
    more,
  };
}
