/** `holdfast links`: rates, errors, round trips and recovery steps of each link. */
import { EXIT } from '../base/fault.ts';
import { intakeWordsOf } from '../ops/conditions/intake-words.ts';
import type { DiscardReport } from '../ops/reports/intake-report.ts';
import { brokenFrames, type LinkReport } from '../ops/reports/link-report.ts';
import {
  bytesWords,
  countOf,
  countWords,
  durationWords,
  kernelWords,
  printable,
  rateWords,
  sleepWords,
} from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { renderTable } from './table.ts';
import { hang } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'link', shrinks: true },
  { heading: 'port', shrinks: true },
  { heading: 'state' },
  { heading: 'frames/s', align: 'right' },
  { heading: 'in/s', align: 'right' },
  { heading: 'broken', align: 'right' },
  { heading: 'retries', align: 'right' },
  { heading: 'p50', align: 'right' },
  { heading: 'p99', align: 'right' },
];

export async function showLinks(context: CommandContext): Promise<number> {
  const { links } = await askRunning(context, '/v1/status');
  if (context.asJson) printJson(context, 'links', { links });
  else {
    const { terminal } = context;
    terminal.print(`${renderTable(COLUMNS, links.map(cells), terminal)}\n`);
    for (const link of links)
      for (const line of hang(`${printable(link.name)}: `, furtherWords(link), terminal.width)) terminal.print(line);
  }
  return EXIT.ok;
}

/** Text with the values of a link that do not fit into the table. */
function furtherWords({ state, kernel, asleep, counters, recovery, discarded }: LinkReport): string {
  const tried = recovery.resync + recovery.reopen + recovery.toggle + recovery.reauthorise;
  const sleeping = asleep.map(
    ({ subdevice, lostInMs }) => `${printable(subdevice)} is asleep (${sleepWords(lostInMs)})`,
  );
  return `${[
    `opened ${countOf(counters.openings, 'time')}`,
    ...(counters.refusedUplinks === 0 ? [] : [`${countOf(counters.refusedUplinks, 'uplink')} refused`]),
    ...(tried === 0 ? [] : [`${countOf(tried, 'recovery step')} run`]),
    ...(state === 'open' ? [`kernel errors: ${kernelWords(kernel)}`] : []),
    ...sleeping,
    ...discarded.map(discardWords),
  ].join('; ')}.`;
}

/** Discards as text: `12 discarded: line pattern, last 3 s ago`. */
export function discardWords(discard: DiscardReport): string {
  const { count, reason, subdevice, lastMs } = discard;
  const whose = subdevice === null ? '' : ` of ${printable(subdevice)}`;
  return `${countOf(count, intakeWordsOf(discard).noun)}${whose}: ${reason}, last ${durationWords(lastMs)} ago`;
}

function cells(link: LinkReport): string[] {
  const { counters, roundTrip } = link;
  return [
    link.name,
    link.device ?? link.path,
    link.state,
    link.rates.map(({ framesIn }) => rateWords(framesIn).replace('/s', '')).join('/') || '-',
    bytesWords(link.rates[0]?.bytesIn ?? 0),
    countWords(brokenFrames(counters)),
    countWords(counters.retries),
    msWords(roundTrip.p50Ms),
    msWords(roundTrip.p99Ms),
  ];
}

function msWords(ms: number | null): string {
  return ms === null ? '-' : durationWords(Math.round(ms));
}
