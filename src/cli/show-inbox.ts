/** `holdfast inbox`: downlinks waiting for subdevices. */
import { EXIT } from '../base/fault.ts';
import { offlineInboxOf } from '../ops/reports/offline-report.ts';
import type { InboxLane, InboxReport } from '../ops/reports/report.ts';
import { ageWords, bytesWords, countOf, countWords } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { holdLines } from './queues/hold-lines.ts';
import { askOrRead } from './read-store.ts';
import { queueCells } from './show-outbox.ts';
import { renderTable } from './table.ts';
import { offlineLines, type Terminal, wrap } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'state' },
  { heading: 'messages', align: 'right' },
  { heading: 'bytes', align: 'right' },
  { heading: 'on hold', align: 'right' },
  { heading: 'oldest' },
];
const OFFLINE_COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'messages', align: 'right' },
  { heading: 'bytes', align: 'right' },
  { heading: 'oldest' },
];

export async function showInbox(context: CommandContext): Promise<number> {
  const { terminal } = context;
  const found = await askOrRead(context, '/v1/inbox');
  if (found.kind === 'running') {
    if (context.asJson) printJson(context, 'inbox', found.report);
    else for (const line of renderInbox(found.report, terminal)) terminal.print(line);
    return EXIT.ok;
  }
  const report = offlineInboxOf(found.reading, found.moment);
  if (context.asJson) printJson(context, 'inbox-offline', report);
  else {
    const { messages, bytes } = report.total;
    const kept = `The gateway is not running. The store holds ${countOf(messages, 'message')} for subdevices (${bytesWords(bytes)}).`;
    for (const line of offlineLines(kept, { ...report, hint: found.fault.hint }, terminal)) terminal.print(line);
    const rows = report.lanes.map((lane) => [lane.subdevice, ...queueCells(lane)]);
    if (rows.length > 0) terminal.print(`\n${renderTable(OFFLINE_COLUMNS, rows, terminal)}`);
  }
  return EXIT.notRunning;
}

function renderInbox({ total, lanes, shed, holds }: InboxReport, terminal: Terminal): string[] {
  const shedWords = Object.entries(shed).map(([reason, count]) => `${reason} (${countWords(count)})`);
  const notes = [
    `Room for ${countOf(total.messagesMax, 'message')} per subdevice; when full: ${total.overflow}.`,
    ...(shedWords.length === 0 ? [] : [`Shed in total, also before the start: ${shedWords.join(', ')}.`]),
  ].flatMap((note) => wrap(note, terminal.width));
  const held = holdLines('inbox', holds, terminal);
  if (total.messages === 0) return ['The inbox is empty.', ...notes, ...held];
  const waiting = `${countOf(total.messages, 'message')} for subdevices, ${countWords(total.onDisk)} of them on disk.`;
  return [...wrap(waiting, terminal.width), ...notes, ...held, '', renderTable(COLUMNS, lanes.map(cells), terminal)];
}

function cells({ subdevice, isConnected, messages, bytes, onHold, oldest }: InboxLane): string[] {
  return [
    subdevice,
    isConnected ? 'connected' : 'away',
    countWords(messages),
    bytesWords(bytes),
    countWords(onHold),
    oldest === null ? '-' : ageWords(oldest),
  ];
}
