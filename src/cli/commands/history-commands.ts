/** Commands that show what happened earlier. */
import type { HistoryCommandOptions } from '../history/show-history.ts';
import { moment } from '../moment.ts';
import type { EventsCommandOptions } from '../show-events.ts';
import { type Add, collect, wholeNumber } from './add-command.ts';

export const SINCE = 'a time before now (90m, 24h, 7d), a local date (2026-11-01, "2026-11-01 06:00"), or a local time';

export function addHistory(add: Add): void {
  add<HistoryCommandOptions>(
    'history',
    'Plot what happened: the hub, the backlog, the traffic and the errors',
    async ({ context, options }) => (await import('../history/show-history.ts')).showHistory(context, options),
  )
    .option('--since <when>', `beginning (default: 24h): ${SINCE}`, moment)
    .option('--until <when>', 'end (default: now), in the same forms', moment)
    .option('--metric <name>', 'plot this metric only; may be repeated; docs/history.md lists them', collect, [])
    .option('--csv', 'print all metrics as comma-separated values');
  add<EventsCommandOptions>(
    'events',
    'List what happened: hub, links, subdevices, conditions, operators, starts',
    async ({ context, options }) => (await import('../show-events.ts')).showEvents(context, options),
  )
    .option('--since <when>', `beginning (default: 24h): ${SINCE}`, moment)
    .option(
      '--kind <kind>',
      'events of this kind only (gateway, configuration, operator, storage, hub, link, subdevice, condition); may be repeated',
      collect,
      [],
    )
    .option('--limit <count>', 'largest number of events; the newest are listed', wholeNumber(1, 1000), 100)
    .option('--follow', 'then print further events until Ctrl-C');
}
