/** `holdfast links`: each line with its rates, its errors, its round trips and what was tried for it. */
import { EXIT } from '../base/fault.ts';
import { brokenFrames, type LinkReport } from '../ops/link-report.ts';
import { bytesWords, countWords, durationWords } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { type Column, renderTable } from './table.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'link', gives: true },
  { heading: 'port', gives: true },
  { heading: 'state' },
  { heading: 'frames/s 5/30/60 s', align: 'right' },
  { heading: 'in/s', align: 'right' },
  { heading: 'broken', align: 'right' },
  { heading: 'refused', align: 'right' },
  { heading: 'retries', align: 'right' },
  { heading: 'p50', align: 'right' },
  { heading: 'p99', align: 'right' },
  { heading: 'opened', align: 'right' },
  { heading: 'tried', align: 'right' },
];

export async function showLinks(context: CommandContext): Promise<number> {
  const { links } = await askRunning(context, '/v1/status');
  if (context.asJson) printJson(context, { links });
  else context.terminal.print(renderTable(COLUMNS, links.map(cells), context.terminal));
  return EXIT.ok;
}

function cells(link: LinkReport): string[] {
  const { counters, roundTrip, recovery } = link;
  return [
    link.name,
    link.device ?? link.path,
    link.state,
    link.rates.map(({ framesIn }) => framesIn.toFixed(framesIn < 10 ? 1 : 0)).join('/') || '-',
    bytesWords(link.rates[0]?.bytesIn ?? 0),
    countWords(brokenFrames(counters)),
    countWords(counters.refusedUplinks),
    countWords(counters.retries),
    msWords(roundTrip.p50Ms),
    msWords(roundTrip.p99Ms),
    countWords(counters.openings),
    countWords(recovery.resync + recovery.reopen + recovery.toggle + recovery.reauthorise),
  ];
}

function msWords(ms: number | null): string {
  return ms === null ? '-' : durationWords(Math.round(ms));
}
