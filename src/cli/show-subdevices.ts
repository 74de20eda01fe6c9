/** `holdfast subdevices`: state of each subdevice, time since its last frame, and messages waiting. */
import { EXIT } from '../base/fault.ts';
import type { SubdeviceReport } from '../ops/reports/report.ts';
import { countWords, durationWords } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { type Column, renderTable } from './table.ts';

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
  const report = await askRunning(context, '/v1/subdevices');
  if (context.asJson) printJson(context, report);
  else if (report.subdevices.length === 0)
    context.terminal.print('No subdevice is configured, and none has connected.');
  else context.terminal.print(renderTable(COLUMNS, report.subdevices.map(cells), context.terminal));
  return EXIT.ok;
}

function cells(subdevice: SubdeviceReport): string[] {
  return [
    subdevice.id,
    subdevice.link ?? '-',
    stateWords(subdevice),
    subdevice.silentMs === null ? '-' : `${durationWords(subdevice.silentMs)} ago`,
    hubWords(subdevice),
    countWords(subdevice.uplinksPending),
    countWords(subdevice.downlinksPending),
    countWords(subdevice.subscriptions.length),
  ];
}

function stateWords({ attached, link, lasting, lostInMs, configured }: SubdeviceReport): string {
  if (lostInMs !== null) return `asleep, ${durationWords(lostInMs)} left`;
  if (attached) return 'attached';
  if (!configured) return 'not in the configuration';
  if (link === null) return 'never seen';
  return lasting ? 'away, session kept' : 'away';
}

function hubWords({ binding, onlineAtHub }: SubdeviceReport): string {
  if (binding === 'unbound') return 'NOT BOUND';
  if (onlineAtHub === null) return binding === 'bound' ? 'bound' : '-';
  return onlineAtHub ? 'online' : 'offline';
}
