/** `holdfast hub subscriptions [release]`: filters at the hub, and packets on which the hub closes the connection. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import type { FilterReport } from '../ops/conditions/hub-packet-words.ts';
import { countOf, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { heldPacketLines } from './held-packet-lines.ts';
import { askRunning, locateGateway } from './location.ts';
import { renderTable } from './table.ts';
import { wrap } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'filter', shrinks: true },
  { heading: 'state' },
  { heading: 'wanted by', shrinks: true },
];
/** Largest number of names in a cell. */
const NAMES_MAX = 3;

export async function showHubSubscriptions(context: CommandContext): Promise<number> {
  const report = await askRunning(context, '/v1/hub-subscriptions');
  const { subscriptions, publishes } = report;
  if (context.asJson) printJson(context, 'hub-subscriptions', report);
  else {
    const { terminal } = context;
    if (subscriptions.length === 0) terminal.print('No subscriptions are wanted.');
    else terminal.print(renderTable(COLUMNS, subscriptions.map(cells), terminal));
    for (const { filter, reason } of subscriptions)
      if (reason !== null)
        for (const line of ['', ...wrap(printable(`${filter}: ${reason}.`), terminal.width)]) terminal.print(line);
    const held = [...subscriptions.flatMap(({ evidence }) => evidence ?? []), ...publishes];
    for (const packet of held) for (const line of ['', ...heldPacketLines(packet, terminal)]) terminal.print(line);
  }
  return EXIT.ok;
}

/** @throws Fault `command-rejected` if no packet of these names is held back */
export async function releasePackets(context: CommandContext, names: readonly string[]): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const { released } = (await give(controlSocket, 'hub.release', { names })) as { readonly released: string[] };
  if (context.asJson) printJson(context, 'hub-released', { released });
  else context.terminal.print(`${countOf(released.length, 'packet')} released: ${released.map(printable).join('; ')}.`);
  return EXIT.ok;
}

function cells({ filter, state, wantedBy }: FilterReport): string[] {
  const more = wantedBy.length > NAMES_MAX ? [`and ${wantedBy.length - NAMES_MAX} more`] : [];
  return [printable(filter), state, [...wantedBy.slice(0, NAMES_MAX), ...more].join(', ') || '-'];
}
