/** Events of the last hours or days, newest first. */
import { countOf, durationWords, printable } from '../../ops/words.ts';
import { html, type Markup, table } from '../markup.ts';
import type { PageContent } from '../page-content.ts';
import { EVENTS_SHOWN_MAX } from '../period.ts';

export function eventSection({ events }: PageContent): Markup {
  if (events === null) return html`<p>The events cannot be read.</p>`;
  if (events.events.length === 0) return html`<p>No event is recorded in this time.</p>`;
  const shown = events.events.slice(0, EVENTS_SHOWN_MAX);
  const more = events.more + events.events.length - shown.length;
  const rows = shown.map(({ when, kind, sentence, durationMs }) => ({
    cells: [when, kind, printable(sentence), durationMs === null ? '-' : durationWords(durationMs)],
  }));
  const columns = [{ heading: 'Time' }, { heading: 'Part' }, { heading: 'Event' }, { heading: 'Duration' }];
  return html`${table('Events, newest first', columns, rows)}
    ${more > 0 && html`<p class="note">${countOf(more, 'older event')} not shown.</p>`}`;
}
