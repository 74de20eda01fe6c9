/** Ledger: sums of both directions, and of each subdevice. */
import type { LedgerLane, LedgerReport, LedgerSum } from '../../ops/reports/ledger-report.ts';
import { countOf, countWords, printable } from '../../ops/words.ts';
import { html, type Markup, type TableColumn, table } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

/** Largest number of lanes in the table. */
const ROWS_MAX = 60;

const NUMBERS: readonly TableColumn[] = [
  'Accepted',
  'Delivered',
  'Pending',
  'Shed',
  'Dead letters',
  'Damaged',
  'Off by',
].map((heading) => ({ heading, isNumber: true }));

export function ledgerSection({ ledger }: PageContent): Markup {
  if (ledger === null) return html`<p>The ledger cannot be read.</p>`;
  const { totals, lanes, findings } = ledger;
  const shown = lanes.slice(0, ROWS_MAX);
  return html`<p class=${ledger.balances && ledger.unknown.length === 0 ? 'good' : 'bad'}>${verdictWords(ledger)}</p>
    ${findings.map((finding) => html`<p class="bad">${printable(finding)}</p>`)}
    ${table(
      'Ledger of all subdevices',
      [{ heading: 'Direction' }, ...NUMBERS],
      [{ cells: ['Uplinks', ...sumCells(totals.uplink)] }, { cells: ['Downlinks', ...sumCells(totals.downlink)] }],
    )}
    ${shedLines(ledger)}
    <details>
      <summary>Ledger of each subdevice</summary>
      ${table('Ledger of each subdevice', [{ heading: 'Subdevice' }, { heading: 'Direction' }, ...NUMBERS], shown.map(laneRow))}
      ${lanes.length > shown.length && html`<p class="note">And ${countWords(lanes.length - shown.length)} more: holdfast ledger lists all.</p>`}
    </details>`;
}

function verdictWords({ balances, unknown }: LedgerReport): string {
  if (!balances) return 'The ledger does not balance: holdfast ledger shows where.';
  if (unknown.length === 0)
    return 'The ledger balances: every accepted message is delivered, pending or accounted for.';
  return `The ledger balances, but an unknown number of messages may be lost: ${unknown.join('; ')}.`;
}

function laneRow(lane: LedgerLane) {
  const tone = lane.imbalance === 0 ? undefined : ('bad' as const);
  const cells = [printable(lane.subdevice), lane.direction === 'uplink' ? 'uplink' : 'downlink', ...sumCells(lane)];
  return { cells, tone };
}

function sumCells(sum: LedgerSum): string[] {
  const shed = Object.values(sum.shed).reduce((total, count) => total + count, 0);
  return [sum.accepted, sum.delivered, sum.pending, shed, sum.dead, sum.damaged, sum.imbalance].map(countWords);
}

function shedLines({ totals }: LedgerReport): Markup | false {
  const lines = (['uplink', 'downlink'] as const).flatMap((direction) =>
    Object.entries(totals[direction].shed).map(([reason, count]) => `${countOf(count, direction)}: ${reason}`),
  );
  return lines.length > 0 && html`<p>Shed by policy:</p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}
