/** Firmware updates of subdevices. */
import type { SubdeviceFirmwareReport } from '../../ops/reports/firmware-updates-report.ts';
import { progressWords, remarkWords } from '../../ops/reports/firmware-words.ts';
import { countOf, printable } from '../../ops/words.ts';
import { html, type Markup, type TableColumn, table } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

/** Largest number of rows, as for subdevices. */
const ROWS_MAX = 100;

const COLUMNS: readonly TableColumn[] = [
  { heading: 'Subdevice' },
  { heading: 'Running' },
  { heading: 'Offered' },
  { heading: 'Step' },
  { heading: 'Progress', isNumber: true },
  { heading: 'Remarks' },
];

export function firmwareSection({ firmware }: PageContent): Markup {
  if (firmware === null) return html`<p>The firmware updates cannot be read.</p>`;
  const updated = firmware.subdevices.filter(isOffered).toSorted(byNeed);
  if (updated.length === 0) return html`<p>No update was offered.</p>`;
  const rest = updated.length - ROWS_MAX;
  return html`${table('Firmware updates of subdevices', COLUMNS, updated.slice(0, ROWS_MAX).map(rowOf))}
    ${rest > 0 && html`<p class="note">And ${countOf(rest, 'more update')}: holdfast firmware lists all.</p>`}`;
}

function isOffered({ update, rejectedOffer }: SubdeviceFirmwareReport): boolean {
  return update !== null || rejectedOffer !== null;
}

/** Failed updates are shown first, and those that are done last. */
function byNeed(one: SubdeviceFirmwareReport, other: SubdeviceFirmwareReport): number {
  return rankOf(one) - rankOf(other) || (one.subdevice < other.subdevice ? -1 : 1);
}

function rankOf({ update, rejectedOffer }: SubdeviceFirmwareReport): number {
  if (update?.step === 'failed' || rejectedOffer !== null) return 0;
  return update?.step === 'done' ? 2 : 1;
}

function rowOf(report: SubdeviceFirmwareReport) {
  const { subdevice, running, update } = report;
  return {
    tone: rankOf(report) === 0 ? ('warning' as const) : undefined,
    cells: [
      printable(subdevice),
      printable(running ?? '-'),
      printable(update?.version ?? '-'),
      update?.step ?? '-',
      update === null ? '-' : progressWords(update),
      printable(remarkWords(report).join(' ')),
    ],
  };
}
