/**
 * Reads pages of messages from the running gateway, or from the store if no gateway runs. A reader is a generator: it
 * yields the range of the page that it needs, and gets the page. So the same reader runs on both sources.
 */
import { Fault } from '../../base/fault.ts';
import { readBootId } from '../../io/boot.ts';
import { systemClock } from '../../io/clock.ts';
import { ask } from '../../ops/api/control-client.ts';
import { type MessageShow, type MessagesReport, messagesReportOf } from '../../ops/queues/message-report.ts';
import {
  directionOf,
  type MessageSelector,
  type QueueName,
  resolveSelector,
  selectorQuery,
} from '../../ops/queues/message-selector.ts';
import { offlineFactsOf } from '../../ops/queues/offline-facts.ts';
import type { OfflineMessages } from '../../store/offline.ts';
import type { CommandContext } from '../context.ts';
import { locateGateway, storeOf } from '../location.ts';
import { readOfflineMessages } from '../read-store.ts';

export interface PageRange {
  readonly after: number;
  /** `undefined`: the newest message at this time. */
  readonly upTo?: number | undefined;
  readonly limit: number;
  readonly show: MessageShow;
}

export type PageReader<Result> = Generator<PageRange, Result, MessagesReport>;

export interface ReadResult<Result> {
  readonly result: Result;
  readonly isRunning: boolean;
  /** True if Ctrl-C ended the reading: the result is that of the pages before. */
  readonly isInterrupted: boolean;
}

export interface MessageSource {
  readonly queue: QueueName;
  readonly selector: MessageSelector;
  /**
   * True: Ctrl-C ends the reading of a running gateway after the present page, and the reader gets that page as the last
   * one. A second Ctrl-C ends the process.
   */
  readonly stopsAtInterrupt?: true;
}

/** Largest query string: the header of a request must fit into 4 KB. */
const QUERY_LENGTH_MAX = 3000;

/** @throws Fault `command-rejected` for an invalid selector; otherwise as `askOrRead` */
export async function readMessages<Result>(
  context: CommandContext,
  { queue, selector, stopsAtInterrupt }: MessageSource,
  reader: PageReader<Result>,
): Promise<ReadResult<Result>> {
  const places = await locateGateway(context);
  const selected = selectorQuery(selector);
  if (selected.length > QUERY_LENGTH_MAX)
    throw new Fault('usage', 'The selection is too long', {
      hint: 'Name fewer subdevices and topics, or use + and # in a topic filter.',
    });
  let step = reader.next();
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
  };
  if (stopsAtInterrupt) process.once('SIGINT', interrupt);
  try {
    while (step.done !== true) {
      const asked = await ask(places.controlSocket, '/v1/messages', queryOf(queue, step.value, selected));
      if (asked.kind === 'absent') {
        process.off('SIGINT', interrupt); // the store is read in one task, which sees no signal
        const first = step.value;
        const offline = await readOfflineMessages(
          storeOf(places, asked.fault),
          (messages) => driveOffline({ queue, selector, messages }, first, reader),
          asked.fault,
        );
        return { result: offline, isRunning: false, isInterrupted: false };
      }
      if (asked.kind === 'stalled') throw asked.fault;
      const report = checked(asked.report);
      isInterrupted &&= report.next !== null; // nothing is missing
      step = reader.next(isInterrupted ? { ...report, next: null } : report);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
  return { result: step.value, isRunning: true, isInterrupted };
}

function queryOf(queue: QueueName, { after, upTo, limit, show }: PageRange, selected: string): string {
  const range = `?queue=${queue}&after=${after}&limit=${limit}&show=${show}`;
  return `${range}${upTo === undefined ? '' : `&upTo=${upTo}`}${selected === '' ? '' : `&${selected}`}`;
}

function driveOffline<Result>(
  source: { readonly queue: QueueName; readonly selector: MessageSelector; readonly messages: OfflineMessages },
  first: PageRange,
  reader: PageReader<Result>,
): Result {
  const { queue, messages } = source;
  const direction = directionOf(queue);
  const selector = resolveSelector(source.selector, messages.subdevices);
  const newest = messages.newest(direction);
  const facts = offlineFactsOf(messages, direction, { bootId: readBootId(), upMs: systemClock().nowMs() });
  for (let range = first; ; ) {
    const { after, upTo = newest, limit, show } = range;
    const page = messages.page({ ...selector.selected, direction, after, upTo, limit });
    const step = reader.next(messagesReportOf({ queue, page, selector, newest, show }, facts));
    if (step.done === true) return step.value;
    range = step.value;
  }
}

function checked(report: MessagesReport): MessagesReport {
  if (report.rejected === null) return report;
  throw new Fault('command-rejected', report.rejected.message, { hint: report.rejected.hint });
}
