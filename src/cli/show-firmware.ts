/** `holdfast firmware`: firmware of the subdevices and their updates, and commands to begin or end an update. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import type { SubdeviceFirmwareReport } from '../ops/reports/firmware-updates-report.ts';
import { progressWords, remarkWords } from '../ops/reports/firmware-words.ts';
import { printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning, locateGateway } from './location.ts';
import { renderTable } from './table.ts';
import { hang, type Terminal } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'running', shrinks: true },
  { heading: 'offered', shrinks: true },
  { heading: 'step' },
  { heading: 'progress', align: 'right' },
];

export async function showFirmware(context: CommandContext): Promise<number> {
  const report = await askRunning(context, '/v1/firmware');
  const { enabled, subdevices } = report;
  if (context.asJson) printJson(context, 'firmware', report);
  else {
    const { terminal } = context;
    if (!enabled) terminal.print('Firmware updates are off: enabled in [firmware] is not true.');
    else if (subdevices.length === 0) terminal.print('No subdevice has reported a version of its firmware.');
    else for (const line of firmwareLines(subdevices, terminal)) terminal.print(line);
  }
  return EXIT.ok;
}

/** @throws Fault `command-rejected` if the subdevice has no such update */
export async function changeFirmware(
  context: CommandContext,
  verb: 'retry' | 'cancel',
  subdevice: string,
): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const answer = (await give(controlSocket, `firmware.${verb}`, { subdevice })) as SubdeviceFirmwareReport;
  if (context.asJson) printJson(context, 'firmware-changed', answer);
  else {
    const { update } = answer;
    const what = `The update of ${subdevice} to ${update?.version ?? 'an unknown version'}`;
    const state = verb === 'retry' ? `goes on: ${update?.step ?? 'unknown step'}` : 'is cancelled';
    for (const line of hang('', printable(`${what} ${state}.`), context.terminal.width)) context.terminal.print(line);
  }
  return EXIT.ok;
}

/** Table, and below it what does not fit: rates, remaining times, failures and rejected offers. */
export function firmwareLines(subdevices: readonly SubdeviceFirmwareReport[], terminal: Terminal): string[] {
  const further = subdevices.flatMap((report) =>
    remarkWords(report).flatMap((words) => hang(`${printable(report.subdevice)} `, printable(words), terminal.width)),
  );
  return [renderTable(COLUMNS, subdevices.map(cells), terminal), ...(further.length === 0 ? [] : ['', ...further])];
}

function cells({ subdevice, running, update }: SubdeviceFirmwareReport): string[] {
  return [
    printable(subdevice),
    printable(running ?? '-'),
    printable(update?.version ?? '-'),
    update?.step ?? '-',
    update === null ? '-' : progressWords(update),
  ];
}
