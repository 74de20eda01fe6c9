/** Events for tests of the history. */
import type { EventKind, HistoryEvent } from '../../../src/history/history-events.ts';

export function eventOf(upMs: number, fields: Partial<HistoryEvent> = {}): HistoryEvent {
  const kind: EventKind = fields.kind ?? 'link';
  return {
    ...{ epoch: 1, upMs, offsetMs: null, name: 'linkClosed', subject: 'a', sentence: 'link a is down', detail: '' },
    ...{ durationMs: null, count: 1, lastUpMs: upMs, kind },
    ...fields,
  };
}
