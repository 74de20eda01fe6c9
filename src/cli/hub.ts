/** `holdfast hub bind|unbind|describe`: bindings of subdevices to this gateway at the hub. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import type { BindingOutcomes, BindingsReport } from '../ops/reports/binding-report.ts';
import { countOf } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { renderTable } from './table.ts';
import { hintLines } from './terminal.ts';

const OUTCOME_COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'at the hub', shrinks: true },
  { heading: 'outcome' },
];
const BINDING_COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'at the hub', shrinks: true },
  { heading: 'binding' },
];

/** Delay after which the command prints what it waits for. */
const NOTICE_MS = 1000;

/** @returns exit code 1 unless everything was done */
export async function changeBindings(
  context: CommandContext,
  verb: 'bind' | 'unbind',
  subdevices: readonly string[],
): Promise<number> {
  const { outcomes } = await command<BindingOutcomes>(context, `hub.${verb}`, { subdevices });
  if (context.asJson) printJson(context, 'hub-bindings-changed', { outcomes });
  else {
    const rows = outcomes.map(({ subdevice, hubIdentity, done, sentence }) => [
      subdevice,
      hubIdentity,
      done ? sentence : `NOT DONE: ${sentence}`,
    ]);
    context.terminal.print(renderTable(OUTCOME_COLUMNS, rows, context.terminal));
    printRemedies(context, outcomes);
  }
  return outcomes.every(({ done }) => done) ? EXIT.ok : EXIT.refused;
}

/** @returns exit code 1 if the hub did not send its list */
export async function describeBindings(context: CommandContext): Promise<number> {
  const report = await command<BindingsReport>(context, 'hub.describe', {});
  const { answered, bindings, unconfiguredDevices } = report;
  if (context.asJson) printJson(context, 'hub-bindings', report);
  else {
    const rows = [
      ...bindings.map(({ subdevice, hubIdentity, binding, sentence }) => [
        subdevice,
        hubIdentity,
        sentence === null ? binding : `${binding}: ${sentence}`,
      ]),
      ...unconfiguredDevices.map((hubIdentity) => ['(not configured)', hubIdentity, 'bound']),
    ];
    if (!answered) context.terminal.print('The hub did not send its list. This is the last known state.\n');
    context.terminal.print(renderTable(BINDING_COLUMNS, rows, context.terminal));
    printRemedies(context, bindings);
    if (unconfiguredDevices.length > 0)
      context.terminal.print(
        `\n${countOf(unconfiguredDevices.length, 'subdevice')} bound and not configured: add a [[subdevice]] for each, or run: holdfast hub unbind PRODUCT/DEVICE.`,
      );
  }
  return answered ? EXIT.ok : EXIT.refused;
}

function printRemedies(
  { terminal }: CommandContext,
  rows: readonly { readonly subdevice: string; readonly remedy: string | null }[],
): void {
  const open = rows.filter(({ remedy }) => remedy !== null);
  if (open.length === 0) return;
  terminal.print('');
  for (const { subdevice, remedy } of open)
    for (const line of hintLines('  ', `${subdevice}: ${remedy}`, terminal)) terminal.print(line);
}

async function command<Answer>(context: CommandContext, name: string, body: object): Promise<Answer> {
  const { controlSocket } = await locateGateway(context);
  const words = 'Waiting for the hub, at most 20 s.';
  const notice = setTimeout(() => context.asJson || context.terminal.print(words), NOTICE_MS);
  try {
    return (await give(controlSocket, name, body)) as Answer;
  } finally {
    clearTimeout(notice);
  }
}
