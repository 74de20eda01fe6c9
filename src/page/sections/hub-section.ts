/** Hub, queues and store. */
import { hostAndPort } from '../../base/host-and-port.ts';
import type { QueueReport, StatusReport } from '../../ops/reports/report.ts';
import {
  ageWords,
  bytesWords,
  countOf,
  countWords,
  etaWords,
  printable,
  rateWords,
  untilWords,
} from '../../ops/words.ts';
import { factList, html, type Markup } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

export function hubSection({ status }: PageContent): Markup {
  if (status === null) return html`<p>The gateway is not running, so it has no connection to the hub.</p>`;
  return factList([
    ['Hub', `${hostAndPort(status.hub)} (${status.hub.profile})`],
    ['State', stateWords(status)],
    ['Last problem', printable(status.hub.lastProblem ?? 'none')],
    ['Subscriptions', subscriptionWords(status)],
    ['Outbox', queueWords(status.outbox, status.ledger !== null)],
    ['Inbox', queueWords(status.inbox, status.ledger !== null)],
    ['Store', storeWords(status)],
  ]);
}

function stateWords({ hub }: StatusReport): string {
  const since = hub.since === null ? '' : ` for ${ageWords(hub.since)}`;
  const next = hub.nextAttemptInMs === null ? '' : `; next attempt ${untilWords(hub.nextAttemptInMs)}`;
  if (hub.state === 'connected') return `connected${since}`;
  return `${hub.state}${hub.since === null ? ', not connected yet' : `, away${since}`}${next}`;
}

function subscriptionWords({ hub }: StatusReport): string {
  const limit = hub.subscriptionsMax === 0 ? '' : ` of at most ${countWords(hub.subscriptionsMax)}`;
  return `${countWords(hub.subscriptions)}${limit}`;
}

function queueWords(queue: QueueReport, isKnown: boolean): string {
  if (!isKnown) return 'not known until the store opens';
  if (queue.messages === 0) return `empty, ${rateWords(queue.ratePerS)} delivered`;
  const oldest = queue.oldest === null ? '' : `, oldest ${ageWords(queue.oldest)}`;
  const eta = queue.etaMs === null ? '' : `, done in ${etaWords(queue.etaMs)}`;
  const counts = `${countOf(queue.messages, 'message')} (${countWords(queue.onDisk)} on disk, ${countWords(queue.inFlight)} in flight)`;
  return `${counts}, ${bytesWords(queue.bytes)}${oldest}, ${rateWords(queue.ratePerS)} delivered${eta}`;
}

function storeWords({ store }: StatusReport): string {
  const free = store.freeBytes === null ? '' : `, ${bytesWords(store.freeBytes)} free`;
  const written =
    store.flashBytesWritten === null ? '' : `, ${bytesWords(store.flashBytesWritten)} written since the start`;
  return `${store.path}: ${bytesWords(store.bytes)} and ${bytesWords(store.walBytes)} WAL${free}${written}`;
}
