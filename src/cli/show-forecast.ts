/** `holdfast forecast`: how long an outage of the hub fits, what is full first, and how long the drain takes. */
import { EXIT, type Fault } from '../base/fault.ts';
import { readBootId } from '../io/boot.ts';
import { systemClock } from '../io/clock.ts';
import { freeBytesAt } from '../io/machine-facts.ts';
import { ask } from '../ops/api/control-client.ts';
import { FORECAST_METRICS } from '../ops/forecast/forecast-answer.ts';
import type { ForecastBasis, ForecastBound, ForecastReport, OutageFit } from '../ops/forecast/forecast-report.ts';
import { storedForecast } from '../ops/forecast/stored-forecast.ts';
import { historyQueryOf, historyReportOf } from '../ops/reports/history-report.ts';
import { bytesWords, countOf, countWords, durationWords, etaWords, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { locateGateway, storeOf } from './location.ts';
import { WAITING_FOR_GATEWAY, withNotice } from './notice.ts';
import { readOffline, readOfflineHistory } from './read-store.ts';
import { labelled } from './status-view.ts';
import { renderTable } from './table.ts';
import { hintLines, type Terminal, type Tone, wrap } from './terminal.ts';

export interface ForecastOptions {
  /** Length of the outage, ms. */
  readonly outage: number;
}

/** Lines of a terminal, less one for the prompt. */
const SCREEN_LINES = 23;

/** Shows the forecast of the running gateway; if none runs, that of its store. @throws Fault as `askOrRead` */
export async function showForecast(context: CommandContext, { outage }: ForecastOptions): Promise<number> {
  const places = await locateGateway(context);
  const asked = await withNotice(WAITING_FOR_GATEWAY, ask(places.controlSocket, '/v1/forecast', `?outage=${outage}`));
  if (asked.kind === 'stalled') throw asked.fault;
  if (asked.kind === 'answered') {
    print(context, asked.report, true);
    return EXIT.ok;
  }
  const report = await fromStore(context, storeOf(places, asked.fault), asked.fault, outage);
  if (!context.asJson)
    for (const line of [
      ...wrap(STORED, context.terminal.width),
      ...hintLines('  ', asked.fault.hint, context.terminal),
    ])
      context.terminal.print(line);
  print(context, report, false);
  return EXIT.notRunning;
}

const STORED =
  'The gateway is not running. This forecast is for the time from its next start: the backlog and the bounds are those of its store and configuration, and the rates those of the last samples in the store.';

function print(context: CommandContext, report: ForecastReport, isRunning: boolean): void {
  if (context.asJson) printJson(context, 'forecast', { ...report, running: isRunning });
  else for (const line of forecastLines(report, context.terminal)) context.terminal.print(line);
}

/** @throws Fault `absent`, `config-invalid`, or the fault of the store */
async function fromStore(
  context: CommandContext,
  stateDir: string,
  absent: Fault,
  outageMs: number,
): Promise<ForecastReport> {
  const { parseConfig } = await import('../config/parse.ts');
  const parsed = parseConfig(readConfigText(context.configPath));
  if (!parsed.ok) throw absent;
  const reading = await readOffline(stateDir, absent);
  const query = historyQueryOf(
    new URLSearchParams({ step: 'minute', since: '0', metrics: FORECAST_METRICS }),
    undefined,
  );
  const steps = { kind: 'steps', range: query.range, open: undefined, current: undefined } as const;
  const answer = await readOfflineHistory(stateDir, steps, absent);
  if (answer.kind !== 'steps') throw absent;
  const sources = {
    config: parsed.config,
    reading,
    moment: { bootId: readBootId(), upMs: systemClock().nowMs() },
    history: historyReportOf(answer.series, query, undefined),
    freeBytes: freeBytesAt(reading.path),
  };
  return storedForecast(sources, outageMs);
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
