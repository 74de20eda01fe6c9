/** Answers of the control API from the history: of the store, and of the running process as far as it is not stored. */
import { Fault } from '../../base/fault.ts';
import type { HistoryAnswer } from '../../history/history-requests.ts';
import type { GatewayView } from '../gateway-view.ts';
import { type EventsReport, eventsQueryOf, eventsReportOf } from '../reports/events-report.ts';
import { type HistoryReport, historyQueryOf, historyReportOf } from '../reports/history-report.ts';
import type { HistoryKeeper } from './history-keeper.ts';

/** Part of the history that is in RAM. */
type Unstored = Pick<HistoryKeeper, 'open' | 'pending' | 'current'>;

export async function historyOf(
  { store, wallClock }: Pick<GatewayView, 'store' | 'wallClock'>,
  unstored: Unstored | undefined,
  query: URLSearchParams,
): Promise<HistoryReport> {
  const nowMs = trustedMs(wallClock);
  const asked = historyQueryOf(query, nowMs);
  const { open, current } = unstored ?? { open: undefined, current: undefined };
  const answer = await store.history({ kind: 'steps', range: asked.range, open, current });
  return answer.kind === 'steps' ? historyReportOf(answer.series, asked, nowMs) : refuse(answer);
}

export async function eventsOf(
  { store, wallClock }: Pick<GatewayView, 'store' | 'wallClock'>,
  unstored: Unstored | undefined,
  query: URLSearchParams,
): Promise<EventsReport> {
  const { pending = [], current } = unstored ?? {};
  const answer = await store.history({ kind: 'events', ...eventsQueryOf(query), pending, current });
  return answer.kind === 'events' ? eventsReportOf(answer, trustedMs(wallClock)) : refuse(answer);
}

function trustedMs({ isTrusted, status, aheadOfHubMs }: GatewayView['wallClock']): number | undefined {
  if (isTrusted) return status.wallMs;
  return aheadOfHubMs === undefined ? undefined : status.wallMs - aheadOfHubMs;
}

function refuse(answer: HistoryAnswer): never {
  const reason = answer.kind === 'failed' ? answer.reason : `the store answered with ${answer.kind}`;
  throw new Fault('store-failed', `The history cannot be read: ${reason}`, {
    hint: 'Messages are not affected. The next start of the gateway checks the store.',
  });
}
