/** Screen of `holdfast top`: verdict, hub, backlog, and a table of links and subdevices with their rates. */

import { hostAndPort } from '../../base/host-and-port.ts';
import { roundTripWords } from '../../ops/explain/explain-hub.ts';
import { lastSeenWords } from '../../ops/reports/subdevice-state.ts';
import { bytesWords, countOf, countWords, durationWords, etaWords, printable, rateWords } from '../../ops/words.ts';
import { type Column, columnLines } from '../columns.ts';
import { renderVerdict } from '../status-view.ts';
import { cut, hang, type Terminal } from '../terminal.ts';
import { grouped, sparkline } from './sparkline.ts';
import type { TopModel, TopRow } from './top-model.ts';

export interface TopScreen extends Terminal {
  /** Lines of the terminal. */
  readonly height: number;
  readonly isAscii: boolean;
}

/** Columns of the curve of the backlog and of a row. */
const WIDE_CURVE = 30;
const CURVE = 20;
const NARROW_CURVE = 8;
/** Width from which the curve of a row has its full width; a narrower screen needs the columns for names and ports. */
const FULL_CURVE_WIDTH_MIN = 100;
/** Width from which the table has a curve, and from which it has the place and the rate to the subdevice. */
const CURVE_WIDTH_MIN = 76;
const PLACE_WIDTH_MIN = 60;
const KEYS = 'q quit  p pause  s sort  w span  / filter  enter open';
const SHORT_KEYS = 'q p s w / enter';
const OPENED_KEYS = 'q quit  p pause  w span  esc back';
const SHORT_OPENED_KEYS = 'q p w esc';

/** @returns at most `height` lines, each at most `width` columns */
export function renderTop(model: TopModel, screen: TopScreen): string[] {
  const head = headLines(model, screen);
  const foot = footLine(model, screen);
  const room = Math.max(1, screen.height - head.length - 2);
  const body =
    model.opened === undefined
      ? tableLines(model, screen, room)
      : openedLines(model, screen).slice(model.scroll, model.scroll + room);
  return [...head, '', ...body.slice(0, room), foot].slice(0, screen.height);
}

/** Number of lines by which the opened row can be scrolled. */
export function scrollMax(model: TopModel, screen: TopScreen): number {
  const room = Math.max(1, screen.height - headLines(model, screen).length - 2);
  return Math.max(0, openedLines(model, screen).length - room);
}

function headLines(model: TopModel, screen: TopScreen): string[] {
  const { status, problem } = model;
  const missing = problem === undefined ? [] : cut(hang('! ', printable(problem), screen.width), 2, screen.width);
  const warned = missing.map((line) => screen.tone('bad', line));
  if (status === undefined) return [...warned, 'Waiting for the first answer of the gateway.'];
  const { losing, sentence, hub, outbox, conditions, store, process } = status;
  const since = hub.since === null ? '' : ` ${durationWords(hub.since.ms)}`;
  const curve = sparkline(model.backlog, screen.width < PLACE_WIDTH_MIN ? NARROW_CURVE : WIDE_CURVE, screen.isAscii);
  const worst = conditions[0]?.sentence ?? '';
  const lines = [
    `Hub     ${hub.state}${since} · ${hostAndPort(hub)}`,
    `PUBACK  ${roundTripWords(hub.roundTrip)}`,
    `Outbox  ${curve} ${countOf(outbox.messages, 'message')} · ${rateWords(outbox.ratePerS)}${outbox.etaMs === null ? '' : `, done in ${etaWords(outbox.etaMs)}`}`,
    `Gateway ${bytesWords(process.rssBytes)} · up ${durationWords(process.uptimeMs)} · flash ${store.flashBytesWritten === null ? 'unknown' : bytesWords(store.flashBytesWritten)}`,
    ...(conditions.length === 0 ? [] : [`! ${countOf(conditions.length, 'condition')}: ${worst}`]),
  ];
  return [
    ...cut(renderVerdict(losing, sentence, screen), 2, screen.width),
    ...warned,
    ...lines.flatMap((line) => cut(hang('', printable(line), screen.width), 1, screen.width)),
  ];
}

function tableLines(model: TopModel, screen: TopScreen, room: number): string[] {
  const rows = model.rows();
  if (rows.length === 0) return [model.filter === '' ? 'No links.' : `No name contains "${printable(model.filter)}".`];
  const from = Math.max(0, Math.min(model.selected - Math.floor(room / 2), rows.length - (room - 1)));
  const shown = rows.slice(from, from + room - 1);
  const columns: Column[] = [
    { heading: '  name', shrinks: true },
    ...(screen.width >= PLACE_WIDTH_MIN
      ? [{ heading: 'port or link', shrinks: true, losesMiddle: true } as const]
      : []),
    { heading: 'in/s', align: 'right' },
    ...(screen.width >= PLACE_WIDTH_MIN ? [{ heading: 'out/s', align: 'right' } as const] : []),
    { heading: 'waiting', align: 'right' },
    { heading: 'state' },
    ...(screen.width >= CURVE_WIDTH_MIN ? [{ heading: `last ${model.span} s` }] : []),
  ];
  const cells = shown.map((row, index) => cellsOf(row, index === model.selected - from, screen));
  const [heading = '', ...lines] = columnLines(columns, cells, screen.width);
  const marked = lines.map((line, index) => (index === model.selected - from ? screen.tone('strong', line) : line));
  return [screen.tone('quiet', heading), ...marked];
}

/** @param isSelected marked by a sign too, since a terminal may show no colour */
function cellsOf(row: TopRow, isSelected: boolean, { width, isAscii }: TopScreen): string[] {
  const curveWidth = width < FULL_CURVE_WIDTH_MIN ? NARROW_CURVE : CURVE;
  const waiting =
    row.kind === 'link' ? (row.waiting < 0.5 ? '-' : `${countWords(row.waiting)} broken`) : countWords(row.waiting);
  return [
    `${isSelected ? '> ' : '  '}${row.kind === 'link' ? '' : '  '}${printable(row.name)}`,
    ...(width >= PLACE_WIDTH_MIN ? [printable(row.place)] : []),
    rateWords(row.inPerS).replace('/s', ''),
    ...(width >= PLACE_WIDTH_MIN ? [rateWords(row.outPerS).replace('/s', '')] : []),
    waiting,
    row.state,
    ...(width >= CURVE_WIDTH_MIN ? [sparkline(grouped(row.curve, curveWidth), curveWidth, isAscii)] : []),
  ];
}

function openedLines(model: TopModel, screen: TopScreen): string[] {
  const { opened } = model;
  if (opened === undefined) return [];
  const { row, link, subdevice } = opened;
  const facts: readonly (readonly [string, string])[] = [
    [
      'in',
      `${rateWords(row.inPerS)} ${sparkline(grouped(row.curve, WIDE_CURVE), WIDE_CURVE, screen.isAscii).trimStart()}`,
    ],
    ['out', rateWords(row.outPerS)],
    ['state', link === undefined ? row.state : `${link.state} ${durationWords(link.forMs)}`],
    ...(link === undefined ? [] : [['problem', link.lastProblem ?? 'none'] as const, ['port', link.path] as const]),
    ...Object.entries(link?.counters ?? {}).map(([name, count]) => [name, countWords(count)] as const),
    ...(subdevice === undefined
      ? []
      : [
          ['link', subdevice.link ?? '-'] as const,
          ['last seen', lastSeenWords(subdevice)] as const,
          [
            'uplinks',
            `${countWords(subdevice.uplinksAccepted)} accepted, ${countWords(subdevice.uplinksPending)} waiting`,
          ] as const,
          [
            'downlinks',
            `${countWords(subdevice.downlinksDelivered)} delivered, ${countWords(subdevice.downlinksPending)} waiting`,
          ] as const,
          ['filters', subdevice.subscriptions.join(', ') || 'none'] as const,
        ]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    screen.tone('strong', printable(row.name)),
    ...facts.flatMap(([name, text]) =>
      cut(hang(`  ${name.padEnd(width)}  `, printable(text), screen.width), 2, screen.width),
    ),
  ];
}

function footLine(model: TopModel, screen: TopScreen): string {
  if (model.isTyping) return `filter: ${printable(model.filter)}_  (enter: keep, esc: clear)`.slice(0, screen.width);
  const marks = [
    ...(model.isPaused ? ['PAUSED'] : []),
    ...(model.opened === undefined ? [`sort: ${model.sort}`] : scrollWords(model, screen)),
    ...(model.filter === '' ? [] : [`filter: ${printable(model.filter)}`]),
  ];
  const isNarrow = screen.width < PLACE_WIDTH_MIN;
  const isOpened = model.opened !== undefined;
  const keys = isNarrow ? (isOpened ? SHORT_OPENED_KEYS : SHORT_KEYS) : isOpened ? OPENED_KEYS : KEYS;
  return screen.tone('quiet', `${marks.join('  ')}  ${keys}`.slice(0, screen.width));
}

/** Text about the lines of the opened row that are not shown. */
function scrollWords(model: TopModel, screen: TopScreen): string[] {
  const below = scrollMax(model, screen) - model.scroll;
  if (below === 0 && model.scroll === 0) return [];
  return [`${countWords(model.scroll)} lines above, ${countWords(below)} below (up, down)`];
}
