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
import { type Column, tableWidth } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { portWords, stateWord } from './link-lines.ts';
import { askRunning } from './location.ts';
import { renderTable } from './table.ts';
import { hang, type Terminal } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'link', shrinks: true },
  { heading: 'port' },
  { heading: 'state' },
  { heading: 'frames/s', align: 'right' },
  { heading: 'in/s', align: 'right' },
  { heading: 'broken', align: 'right' },
  { heading: 'retries', align: 'right' },
  { heading: 'p50', align: 'right' },
  { heading: 'p99', align: 'right' },
];
/** Columns for a terminal that is too narrow for the port. */
const NARROW_COLUMNS = COLUMNS.filter(({ heading }) => heading !== 'port');
/** Largest width of a name that stands in front of its sentence, in columns; a longer one has a line of its own. */
const NAME_WIDTH_MAX = 24;

export async function showLinks(context: CommandContext): Promise<number> {
  const { links } = await askRunning(context, '/v1/status');
  if (context.asJson) printJson(context, 'links', { links });
  else {
    for (const line of linkLines(links, context.terminal)) context.terminal.print(line);
  }
  return EXIT.ok;
}

/**
 * A table, and a sentence for each link. If the table is too wide, the sentences contain the ports and the whole states,
 * so that no address is cut.
 */
function linkLines(links: readonly LinkReport[], terminal: Terminal): string[] {
  const rows = links.map(cells);
  const isNarrow = tableWidth(COLUMNS, rows) > terminal.width;
  const table = isNarrow
    ? renderTable(NARROW_COLUMNS, links.map(narrowCells), terminal)
    : renderTable(COLUMNS, rows, terminal);
  return [...table.split('\n'), '', ...links.flatMap((link) => sentenceLines(link, isNarrow, terminal.width))];
}

function sentenceLines(link: LinkReport, isNarrow: boolean, width: number): string[] {
  const name = printable(link.name);
  const words = `${[...(isNarrow ? [printable(portWords(link)), link.state] : []), ...furtherWords(link)].join('; ')}.`;
  if (name.length <= NAME_WIDTH_MAX) return hang(`${name}: `, words, width);
  return [`${name}:`, ...hang('  ', words, width)];
}

/** Values of a link that are not in the table. */
function furtherWords({ state, kernel, asleep, counters, recovery, discarded }: LinkReport): string[] {
  const tried = recovery.resync + recovery.reopen + recovery.toggle + recovery.reauthorise;
  const sleeping = asleep.map(
    ({ subdevice, lostInMs }) => `${printable(subdevice)} is asleep (${sleepWords(lostInMs)})`,
  );
  return [
    `opened ${countOf(counters.openings, 'time')}`,
    ...(counters.refusedUplinks === 0 ? [] : [`${countOf(counters.refusedUplinks, 'uplink')} refused`]),
    ...(counters.echoes === 0 ? [] : [`${countOf(counters.echoes, 'frame')} echoed`]),
    ...(tried === 0 ? [] : [`${countOf(tried, 'recovery step')} run`]),
    ...(state === 'open' ? [`line errors: ${kernelWords(kernel)}`] : []),
    ...sleeping,
    ...discarded.map(discardWords),
  ];
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
    link.rates.map(({ framesIn }) => rateWords(framesIn).replace('/s', '').replace('under ', '<')).join('/') || '-',
    bytesWords(link.rates[0]?.bytesIn ?? 0),
    countWords(brokenFrames(counters)),
    countWords(counters.retries),
    msWords(roundTrip.p50Ms),
    msWords(roundTrip.p99Ms),
  ];
}

function narrowCells(link: LinkReport): string[] {
  return cells(link).toSpliced(1, 2, stateWord(link.state));
}

/** Round trip in at most six columns up to 1000 s; a fraction of a second matters on a line. */
function msWords(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : durationWords(ms);
}
