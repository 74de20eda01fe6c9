/** Subdevices, with their state and the messages that wait for each. */
import type { OfflineQueue } from '../../ops/reports/offline-report.ts';
import type { SubdeviceReport } from '../../ops/reports/report.ts';
import { lastSeenWords } from '../../ops/reports/subdevice-state.ts';
import { subdeviceAtHubWords, subdeviceStateWords } from '../../ops/reports/subdevice-words.ts';
import { ageWords, countOf, countWords, printable } from '../../ops/words.ts';
import { html, type Markup, type TableColumn, table } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

/** Largest number of rows: a page of 1,500 subdevices would be larger than 300 KB. */
const ROWS_MAX = 100;

const COLUMNS: readonly TableColumn[] = [
  { heading: 'Subdevice' },
  { heading: 'Link' },
  { heading: 'State' },
  { heading: 'Last seen' },
  { heading: 'At the hub' },
  { heading: 'Uplinks waiting', isNumber: true },
  { heading: 'Downlinks waiting', isNumber: true },
  { heading: 'Uplinks accepted', isNumber: true },
  { heading: 'Downlinks delivered', isNumber: true },
];

const STORED_COLUMNS: readonly TableColumn[] = [
  { heading: 'Subdevice' },
  { heading: 'Link' },
  { heading: 'Session' },
  { heading: 'Uplinks waiting', isNumber: true },
  { heading: 'Oldest uplink' },
  { heading: 'Downlinks waiting', isNumber: true },
  { heading: 'Oldest downlink' },
];

export function subdeviceSection({ subdevices, storedSubdevices }: PageContent): Markup {
  if (subdevices !== null) return runningTable(subdevices);
  if (storedSubdevices === null) return html`<p>The subdevices cannot be read.</p>`;
  const rows = storedSubdevices.slice(0, ROWS_MAX).map(({ id, link, lasting, uplinks, downlinks }) => ({
    cells: [printable(id), link ?? '-', lasting ? 'kept' : '-', ...queueCells(uplinks), ...queueCells(downlinks)],
  }));
  return html`${table('Subdevices in the store', STORED_COLUMNS, rows)} ${restWords(storedSubdevices.length)}`;
}

function runningTable(subdevices: readonly SubdeviceReport[]): Markup {
  if (subdevices.length === 0) return html`<p>No subdevice is configured, and none has connected.</p>`;
  // Those that need attention are shown first, because the table may not have room for all.
  const ordered = subdevices.toSorted(
    (one, other) => Number(one.attached) - Number(other.attached) || (one.id < other.id ? -1 : 1),
  );
  const hasProfiles = subdevices.some(({ profile }) => profile !== null);
  const columns = hasProfiles ? COLUMNS.toSpliced(2, 0, { heading: 'Device profile' }) : COLUMNS;
  const rows = ordered.slice(0, ROWS_MAX).map((subdevice) => ({
    tone: subdevice.attached ? undefined : ('warning' as const),
    cells: [
      printable(subdevice.id),
      subdevice.link ?? '-',
      ...(hasProfiles ? [printable(subdevice.profile ?? '-')] : []),
      subdeviceStateWords(subdevice),
      lastSeenWords(subdevice),
      subdeviceAtHubWords(subdevice),
      countWords(subdevice.uplinksPending),
      countWords(subdevice.downlinksPending),
      countWords(subdevice.uplinksAccepted),
      countWords(subdevice.downlinksDelivered),
    ],
  }));
  return html`${table('Subdevices', columns, rows)} ${restWords(subdevices.length)}`;
}

function restWords(count: number): Markup | false {
  const rest = count - ROWS_MAX;
  return rest > 0 && html`<p class="note">And ${countOf(rest, 'more subdevice')}: holdfast subdevices lists all.</p>`;
}

function queueCells({ messages, oldest }: OfflineQueue): string[] {
  return [countWords(messages), oldest === null ? '-' : ageWords(oldest)];
}
