/** Screen of `holdfast top`: verdict, hub, backlog, and a table of links and subdevices with their rates. */
import { bytesWords, countOf, countWords, durationWords, etaWords, printable, rateWords } from '../../ops/words.ts';
import { renderVerdict } from '../status-view.ts';
import { type Column, renderTable } from '../table.ts';
import { cut, hang, type Terminal } from '../terminal.ts';
import { sparkline } from './sparkline.ts';
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
/** Width from which the table has a curve, and from which it has the place. */
const CURVE_WIDTH_MIN = 76;
const PLACE_WIDTH_MIN = 60;
const KEYS = 'q quit  p pause  s sort  / filter  enter open  esc back';
const SHORT_KEYS = 'q p s / enter esc';

/** @returns at most `height` lines, each at most `width` columns */
export function renderTop(model: TopModel, screen: TopScreen): string[] {
  const head = headLines(model, screen);
  const foot = footLine(model, screen);
  const room = Math.max(1, screen.height - head.length - 2);
  const body = model.opened === undefined ? tableLines(model, screen, room) : openedLines(model, screen);
  return [...head, '', ...body.slice(0, room), foot].slice(0, screen.height);
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
    `Hub     ${hub.state}${since} · ${hub.host}:${hub.port}`,
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
    { heading: 'name', shrinks: true },
    ...(screen.width >= PLACE_WIDTH_MIN ? [{ heading: 'port or link', shrinks: true } as const] : []),
    { heading: 'in/s', align: 'right' },
    { heading: 'out/s', align: 'right' },
    { heading: 'waiting', align: 'right' },
    { heading: 'state' },
    ...(screen.width >= CURVE_WIDTH_MIN ? [{ heading: 'last minute' }] : []),
  ];
  const lines = renderTable(
    columns,
    shown.map((row) => cellsOf(row, screen)),
    screen,
  ).split('\n');
  return lines.map((line, index) => (index === model.selected - from + 1 ? screen.tone('strong', line) : line));
}

function cellsOf(row: TopRow, { width, isAscii }: TopScreen): string[] {
  const waiting =
    row.kind === 'link' ? (row.waiting < 0.5 ? '-' : `${countWords(row.waiting)} broken`) : countWords(row.waiting);
  return [
    `${row.kind === 'link' ? '' : '  '}${printable(row.name)}`,
    ...(width >= PLACE_WIDTH_MIN ? [printable(row.place)] : []),
    rateWords(row.inPerS).replace('/s', ''),
    rateWords(row.outPerS).replace('/s', ''),
    waiting,
    row.state,
    ...(width >= CURVE_WIDTH_MIN ? [sparkline(row.curve, CURVE, isAscii)] : []),
  ];
}

function openedLines(model: TopModel, screen: TopScreen): string[] {
  const { opened } = model;
  if (opened === undefined) return [];
  const { row, link, subdevice } = opened;
  const facts: readonly (readonly [string, string])[] = [
    ['in', `${rateWords(row.inPerS)} ${sparkline(row.curve, WIDE_CURVE, screen.isAscii)}`],
    ['out', rateWords(row.outPerS)],
    ['state', link === undefined ? row.state : `${link.state} ${durationWords(link.forMs)}`],
    ...(link === undefined ? [] : [['problem', link.lastProblem ?? 'none'] as const, ['port', link.path] as const]),
    ...Object.entries(link?.counters ?? {}).map(([name, count]) => [name, countWords(count)] as const),
    ...(subdevice === undefined
      ? []
      : [
          ['link', subdevice.link ?? 'never seen'] as const,
          ['silent', subdevice.silentMs === null ? 'nothing received yet' : durationWords(subdevice.silentMs)] as const,
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
    `sort: ${model.sort}`,
    ...(model.filter === '' ? [] : [`filter: ${printable(model.filter)}`]),
  ];
  const keys = screen.width < PLACE_WIDTH_MIN ? SHORT_KEYS : KEYS;
  return screen.tone('quiet', `${marks.join('  ')}  ${keys}`.slice(0, screen.width));
}
