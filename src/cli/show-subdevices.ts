/** `holdfast subdevices`: state of each subdevice, time since its last frame, and messages waiting. */
import { EXIT } from '../base/fault.ts';
import { type OfflineSubdevices, offlineSubdevicesOf } from '../ops/reports/offline-report.ts';
import type { SubdeviceReport } from '../ops/reports/report.ts';
import { lastSeenWords } from '../ops/reports/subdevice-state.ts';
import { subdeviceAtHubWords, subdeviceStateWords } from '../ops/reports/subdevice-words.ts';
import { countOf, countWords } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askOrRead } from './read-store.ts';
import { queueCells } from './show-outbox.ts';
import { renderTable } from './table.ts';
import { offlineLines, type Terminal } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'link', shrinks: true },
  { heading: 'state' },
  { heading: 'last seen' },
  { heading: 'at hub' },
  { heading: 'up', align: 'right' },
  { heading: 'down', align: 'right' },
  { heading: 'filters', align: 'right' },
];

export async function showSubdevices(context: CommandContext): Promise<number> {
  const found = await askOrRead(context, '/v1/subdevices');
  if (found.kind === 'store') {
    const offline = offlineSubdevicesOf(found.reading, found.moment);
    if (context.asJson) printJson(context, 'subdevices-offline', offline);
    else for (const line of renderOffline(offline, found.fault.hint, context.terminal)) context.terminal.print(line);
    return EXIT.notRunning;
  }
  const { report } = found;
  if (context.asJson) printJson(context, 'subdevices', report);
  else if (report.subdevices.length === 0)
    context.terminal.print('No subdevice is configured, and none has connected.');
  else context.terminal.print(renderTable(COLUMNS, report.subdevices.map(cells), context.terminal));
  return EXIT.ok;
}

const OFFLINE_COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'link', shrinks: true },
  { heading: 'session' },
  { heading: 'up', align: 'right' },
  { heading: 'bytes', align: 'right' },
  { heading: 'oldest' },
  { heading: 'down', align: 'right' },
  { heading: 'bytes', align: 'right' },
  { heading: 'oldest' },
];

function renderOffline(report: OfflineSubdevices, hint: string, terminal: Terminal): string[] {
  const { subdevices } = report;
  const what = `The gateway is not running. The store knows ${countOf(subdevices.length, 'subdevice')}.`;
  const rows = subdevices.map(({ id, link, lasting, uplinks, downlinks }) => [
    id,
    link ?? '-',
    lasting ? 'kept' : '-',
    ...queueCells(uplinks),
    ...queueCells(downlinks),
  ]);
  const table = rows.length === 0 ? [] : ['', renderTable(OFFLINE_COLUMNS, rows, terminal)];
  return [...offlineLines(what, { ...report, hint }, terminal), ...table];
}

function cells(subdevice: SubdeviceReport): string[] {
  return [
    subdevice.id,
    subdevice.link ?? '-',
    subdeviceStateWords(subdevice),
    lastSeenWords(subdevice),
    subdeviceAtHubWords(subdevice),
    countWords(subdevice.uplinksPending),
    countWords(subdevice.downlinksPending),
    countWords(subdevice.subscriptions.length),
  ];
}
