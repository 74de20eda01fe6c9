/** `holdfast outbox`: uplinks waiting for the hub, by subdevice, and the time to drain them. */
import { EXIT } from '../base/fault.ts';
import { perSWords } from '../ops/conditions/backlog-conditions.ts';
import { type OfflineOutbox, type OfflineQueue, offlineOutboxOf } from '../ops/reports/offline-report.ts';
import type { OutboxLane, OutboxReport } from '../ops/reports/report.ts';
import { ageWords, bytesWords, countOf, countWords, durationWords, etaWords, rateWords } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { holdLines } from './queues/hold-lines.ts';
import { askOrRead } from './read-store.ts';
import { renderTable } from './table.ts';
import { offlineLines, type Terminal, wrap } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'class' },
  { heading: 'messages', align: 'right' },
  { heading: 'bytes', align: 'right' },
  { heading: 'in flight', align: 'right' },
  { heading: 'on hold', align: 'right' },
  { heading: 'oldest' },
  { heading: 'rate', align: 'right' },
  { heading: 'done in' },
];

export async function showOutbox(context: CommandContext): Promise<number> {
  const { terminal } = context;
  const found = await askOrRead(context, '/v1/outbox');
  if (found.kind === 'running') {
    if (context.asJson) printJson(context, 'outbox', found.report);
    else for (const line of renderOutbox(found.report, terminal)) terminal.print(line);
    return EXIT.ok;
  }
  const report = offlineOutboxOf(found.reading, found.moment);
  if (context.asJson) printJson(context, 'outbox-offline', report);
  else for (const line of renderOffline(report, found.fault.hint, terminal)) terminal.print(line);
  return EXIT.notRunning;
}

const OFFLINE_COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'messages', align: 'right' },
  { heading: 'bytes', align: 'right' },
  { heading: 'oldest' },
];

function renderOffline(report: OfflineOutbox, hint: string, terminal: Terminal): string[] {
  const { messages, bytes } = report.total;
  const held = `The gateway is not running. The store holds ${countOf(messages, 'message')} for the hub (${bytesWords(bytes)}).`;
  const rows = report.lanes.map((lane) => [lane.subdevice, ...queueCells(lane)]);
  const table = rows.length === 0 ? [] : ['', renderTable(OFFLINE_COLUMNS, rows, terminal)];
  return [...offlineLines(held, { ...report, hint }, terminal), ...table];
}

/** Cells of one queue: number of messages, bytes, and age of the oldest message. */
export function queueCells({ messages, bytes, oldest }: OfflineQueue): string[] {
  return [countWords(messages), bytesWords(bytes), oldest === null ? '-' : ageWords(oldest)];
}

function renderOutbox(
  { total, lanes, refused, shed, dead, alarmTopicsWait, backlog, holds }: OutboxReport,
  terminal: Terminal,
): string[] {
  const bounds = `Room for ${countOf(total.messagesMax, 'message')} or ${bytesWords(total.bytesMax)}; when full: ${total.overflow}.`;
  const countsOf = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([reason, count]) => `${reason} (${countWords(count)})`);
  const [rejected, givenUp] = [countsOf(refused), countsOf(shed)];
  const notes = [
    ...limitLines(backlog),
    bounds,
    ...(rejected.length === 0 ? [] : [`Rejected since the start: ${rejected.join(', ')}.`]),
    ...(givenUp.length === 0 ? [] : [`Shed in total, also before the start: ${givenUp.join(', ')}.`]),
    ...(dead === 0
      ? []
      : [`${countOf(dead, 'message')} abandoned after repeated failures: holdfast dead-letters list.`]),
    ...(alarmTopicsWait ? ['The alarm topics have changed; the new ones apply when the outbox is empty.'] : []),
  ].flatMap((note) => wrap(note, terminal.width));
  const held = holdLines('outbox', holds, terminal);
  const isComplete = rejected.length + givenUp.length + dead === 0;
  if (total.messages === 0)
    return [isComplete ? 'The outbox is empty: the hub has everything.' : 'The outbox is empty.', ...notes, ...held];
  const waiting = `${countOf(total.messages, 'message')} for the hub, ${countWords(total.onDisk)} of them on disk. Done in: ${etaWords(total.etaMs)}.`;
  const busy = lanes.filter((lane) => lane.messages > 0);
  return [...wrap(waiting, terminal.width), ...notes, ...held, '', renderTable(COLUMNS, busy.map(cells), terminal)];
}

function limitLines({ pause, rate }: OutboxReport['backlog']): string[] {
  const ends = (leftMs: number): string => `for ${durationWords(leftMs)} more`;
  return [
    ...(pause === null
      ? []
      : [`The backlog is paused by an operator, ${ends(pause.leftMs)} (holdfast backlog resume).`]),
    ...(rate === null ? [] : [`An operator has limited the backlog to ${perSWords(rate.perS)}, ${ends(rate.leftMs)}.`]),
  ];
}

function cells(lane: OutboxLane): string[] {
  return [
    lane.subdevice,
    lane.class,
    countWords(lane.messages),
    bytesWords(lane.bytes),
    countWords(lane.inFlight),
    countWords(lane.onHold),
    lane.oldest === null ? '-' : ageWords(lane.oldest),
    rateWords(lane.ratePerS),
    etaWords(lane.etaMs),
  ];
}
