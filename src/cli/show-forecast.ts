/** `holdfast forecast`: how long an outage of the hub fits, what is full first, and how long the drain takes. */
import { EXIT } from '../base/fault.ts';
import type { ForecastBasis, ForecastBound, ForecastReport, OutageFit } from '../ops/forecast/forecast-report.ts';
import { bytesWords, countOf, countWords, durationWords, etaWords, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { labelled } from './status-view.ts';
import { renderTable } from './table.ts';
import type { Terminal, Tone } from './terminal.ts';

export interface ForecastOptions {
  /** Length of the outage, ms. */
  readonly outage: number;
}

/** Lines of a terminal, less one for the prompt. */
const SCREEN_LINES = 23;

export async function showForecast(context: CommandContext, { outage }: ForecastOptions): Promise<number> {
  const report = await askRunning(context, '/v1/forecast', `?outage=${outage}`);
  if (context.asJson) printJson(context, 'forecast', report);
  else for (const line of forecastLines(report, context.terminal)) context.terminal.print(line);
  return EXIT.ok;
}

export function forecastLines({ bases, bounds, outage, whenFull }: ForecastReport, terminal: Terminal): string[] {
  const { backlog, drain } = outage;
  const drained = drain.ms === null ? drain.basis : `drained in ${etaWords(drain.ms)}. ${drain.basis}`;
  const after =
    backlog === null
      ? drain.basis
      : `${countOf(backlog.messages, 'uplink')}${backlog.bytes === null ? '' : `, ${bytesWords(backlog.bytes)}`} wait; ${drained}`;
  const lines = [
    terminal.tone('strong', `Outage of the hub for ${durationWords(outage.ms)}, from now`),
    ...fitLines('Uplinks', outage.uplinks, terminal),
    ...fitLines('Downlinks', outage.downlinks, terminal),
    ...labelled('After it', [after], terminal),
    '',
    ...boundTable(bounds, terminal),
    '',
    ...labelled(
      'When full',
      whenFull.map(({ overflow, links, sentence }) => ruleWords(overflow, links, sentence)),
      terminal,
    ),
    ...labelled('Basis', bases.map(basisWords), terminal),
  ];
  return lines.length <= SCREEN_LINES ? lines : lines.filter((line) => line !== '');
}

function fitLines(label: string, { fits, longestMs, first }: OutageFit, terminal: Terminal): string[] {
  const [answer, tone]: readonly [string, Tone] =
    fits === null ? ['Unknown', 'warning'] : fits ? ['Fits', 'good'] : ['Does not fit', 'bad'];
  const why =
    fits === null
      ? 'not enough history yet, see Basis'
      : first === null || longestMs === null
        ? 'no bound is reached at this rate'
        : `the longest outage is ${durationWords(longestMs)} (bound: ${first})`;
  return labelled(label, [`${answer}: ${why}`], terminal).map((line, index) =>
    index === 0 ? line.replace(answer, terminal.tone(tone, answer)) : line,
  );
}

const COLUMNS: readonly Column[] = [
  { heading: 'bound' },
  { heading: 'room', align: 'right' },
  { heading: 'at last hour', align: 'right' },
  { heading: 'at last 24 h', align: 'right' },
];

function boundTable(bounds: readonly ForecastBound[], terminal: Terminal): string[] {
  const rows = bounds.map(({ bound, subdevice, room, unit, inMs }) => [
    subdevice === null ? bound : `inbox of ${printable(subdevice)}`,
    roomWords(room, unit),
    timeWords(inMs.hour),
    timeWords(inMs.day),
  ]);
  return renderTable(COLUMNS, rows, terminal).split('\n');
}

function roomWords(room: number | null, unit: ForecastBound['unit']): string {
  if (room === null) return 'unknown';
  if (unit === 'messages') return countWords(room);
  return unit === 'bytes' ? bytesWords(room) : durationWords(room);
}

function timeWords(ms: number | null): string {
  return ms === null ? '-' : durationWords(ms);
}

function ruleWords(overflow: string, links: readonly string[], sentence: string): string {
  if (links.length === 0) return `${overflow}: ${sentence}`;
  const names = links.length <= 2 ? links.join(', ') : `${countWords(links.length)} links`;
  return `${overflow} (${printable(names)}): ${sentence}`;
}

const SPANS = { hour: 'last hour', day: 'last 24 h' } as const;

/** `last 24 h: 18,400 uplinks, 2.1 MiB, 12 downlinks in 24 h` */
function basisWords({ span, coveredMs, isEnough, uplinks, bytes, downlinks }: ForecastBasis): string {
  const size = bytes === null ? '' : `, ${bytesWords(bytes)}`;
  const amounts = `${countOf(uplinks, 'uplink')}${size}, ${countOf(downlinks, 'downlink')}`;
  const short = isEnough ? '' : ': not enough data';
  return `${SPANS[span]}: ${amounts} in ${durationWords(coveredMs)}${short}`;
}
