/** `holdfast subdevices`: state of each subdevice, time since its last frame, and messages waiting. */
import { EXIT } from '../base/fault.ts';
import { type OfflineSubdevices, offlineSubdevicesOf } from '../ops/reports/offline-report.ts';
import type { SubdeviceReport } from '../ops/reports/report.ts';
import { lastSeenWords } from '../ops/reports/subdevice-state.ts';
import { subdeviceAtHubWords, subdeviceStateWords } from '../ops/reports/subdevice-words.ts';
import { countOf, countWords, deviceWords, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askOrRead } from './read-store.ts';
import { queueCells } from './show-outbox.ts';
import { renderTable } from './table.ts';
import { hang, offlineLines, type Terminal } from './terminal.ts';

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
  else {
    const { terminal } = context;
    terminal.print(subdeviceTable(report.subdevices, terminal));
    for (const subdevice of report.subdevices)
      for (const words of furtherWords(subdevice))
        for (const line of hang(`${printable(subdevice.id)} `, printable(words), terminal.width)) terminal.print(line);
  }
  return EXIT.ok;
}

/** The column of the device profiles is left out if there are none. */
function subdeviceTable(subdevices: readonly SubdeviceReport[], terminal: Terminal): string {
  const rows = subdevices.map(cells);
  if (subdevices.every(({ profile }) => profile === null)) return renderTable(COLUMNS, rows, terminal);
  const columns = COLUMNS.toSpliced(2, 0, { heading: 'profile', shrinks: true });
  const profiles = subdevices.map(({ profile }) => profile ?? '-');
  return renderTable(
    columns,
    rows.map((row, index) => row.toSpliced(2, 0, profiles[index] ?? '-')),
    terminal,
  );
}

/** Facts of a subdevice that do not fit into the table. */
function furtherWords({ refused, identity }: SubdeviceReport): string[] {
  return [
    ...(identity === null ? [] : [`is ${deviceWords(identity)}.`]),
    ...(refused.length === 0 ? [] : [`refuses ${refusedWords(refused)}`]),
  ];
}

/** Largest number of refused points that are printed of one subdevice; `--json` has all. */
const REFUSED_MAX = 8;

function refusedWords(refused: readonly string[]): string {
  const more = refused.length - REFUSED_MAX;
  return `${refused.slice(0, REFUSED_MAX).join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
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
