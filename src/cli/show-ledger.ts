/**
 * `holdfast ledger`: counters of every subdevice and direction. Exits with 1 if the ledger does not balance.
 */
import { EXIT } from '../base/fault.ts';
import type { LedgerReport, LedgerSum } from '../ops/reports/ledger-report.ts';
import { offlineLedgerOf } from '../ops/reports/offline-report.ts';
import { countOf, countWords, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askOrRead } from './read-store.ts';
import { discardWords } from './show-links.ts';
import { renderTable } from './table.ts';
import { findingLines, hang, type Terminal, wrap } from './terminal.ts';

export async function showLedger(context: CommandContext): Promise<number> {
  const found = await askOrRead(context, '/v1/ledger');
  const report = found.kind === 'running' ? found.report : offlineLedgerOf(found.reading);
  if (context.asJson) printJson(context, 'ledger', report);
  else for (const line of renderLedger(report, context.terminal)) context.terminal.print(line);
  return report.balances ? EXIT.ok : EXIT.unbalanced;
}

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: '' },
  ...['accepted', 'delivered', 'pending', 'shed', 'dead', 'damaged', 'off by'].map(
    (heading): Column => ({ heading, align: 'right' }),
  ),
];

/** Counts change in RAM with each message and on disk with the next commit (docs/guarantees.md). */
const COUNTS_IN_RAM = 'After a kill or a power cut, counts of messages that were never on disk may be missing.';

function renderLedger(report: LedgerReport, terminal: Terminal): string[] {
  const rows = [
    ...report.lanes.map((lane) => [lane.subdevice, arrow(lane.direction), ...sumCells(lane)]),
    ['all', arrow('uplink'), ...sumCells(report.totals.uplink)],
    ['all', arrow('downlink'), ...sumCells(report.totals.downlink)],
  ];
  const source = report.source === 'store' ? ['Read from the store: no gateway is running.', ''] : [];
  return [
    ...source,
    ...findingLines(report.findings, terminal),
    ...wrap(verdict(report, terminal), terminal.width),
    ...(report.balances ? wrap(COUNTS_IN_RAM, terminal.width) : []),
    '',
    renderTable(COLUMNS, rows, terminal),
    ...shedLines(report, terminal),
    ...discardLines(report, terminal),
  ];
}

function verdict(report: LedgerReport, terminal: Terminal): string {
  if (report.balances && report.unknown.length === 0)
    return terminal.tone('good', 'The ledger balances: every accepted message is delivered, pending or accounted for.');
  const why = report.unknown.join('; ');
  if (report.balances)
    return terminal.tone('bad', `The ledger balances, but an unknown number of messages may be lost: ${why}.`);
  const off = report.lanes.filter((lane) => lane.imbalance !== 0).map((lane) => lane.subdevice);
  const names = [...new Set(off)].join(', ');
  const { uplink, downlink } = report.totals;
  const isDamaged = uplink.damaged + downlink.damaged + report.findings.length + report.unknown.length > 0;
  const cause = isDamaged
    ? 'The disk has damaged the store: restart the gateway, which then checks the whole store'
    : 'This is a defect of holdfast: keep the state directory and report it';
  return terminal.tone('bad', `THE LEDGER DOES NOT BALANCE for ${names}. ${cause}.`);
}

function arrow(direction: 'uplink' | 'downlink'): string {
  return direction === 'uplink' ? 'up' : 'down';
}

function sumCells(sum: LedgerSum): string[] {
  const shed = shedEntries(sum).reduce((total, [, count]) => total + count, 0);
  return [sum.accepted, sum.delivered, sum.pending, shed, sum.dead, sum.damaged, sum.imbalance].map(countWords);
}

/** Lines for messages discarded before custody, and for messages shed, since the start. */
function discardLines({ discarded }: LedgerReport, terminal: Terminal): string[] {
  if (discarded.length === 0) return [];
  const lines = discarded.flatMap((each) => {
    const where = each.link === null ? '' : `${printable(each.link)}: `;
    return hang('  ', `${where}${discardWords(each)}${each.sample === '' ? '' : `: ${each.sample}`}`, terminal.width);
  });
  return ['', 'Discarded or shed since the start of the process:', ...lines];
}

/** Lines for the shed messages of all subdevices, by reason. */
function shedLines(report: LedgerReport, terminal: Terminal): string[] {
  const lines = (['uplink', 'downlink'] as const).flatMap((direction) =>
    shedEntries(report.totals[direction]).flatMap(([reason, count]) =>
      hang('  ', `${countOf(count, direction)}: ${reason}`, terminal.width),
    ),
  );
  return lines.length === 0 ? [] : ['', 'Shed by policy:', ...lines];
}

function shedEntries(sum: LedgerSum): [string, number][] {
  return Object.entries(sum.shed);
}
