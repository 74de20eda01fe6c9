/** Result as text of at most 100 columns: a table for each case, with a column for each program. */
import type { BenchCase, Subject } from '../cases/bench-case.ts';
import type { MachineFacts } from './machine.ts';
import { type BenchResult, type Series, spreadOf } from './result.ts';

const SUBJECTS: readonly Subject[] = ['holdfast', 'bare', 'mosquitto', 'machine'];
/** Widths for three programs in 100 columns. */
const NAME_WIDTH_MIN = 34;
const COLUMN_WIDTH = 21;
const DIGITS = 3;

export function machineLines({ machine, runs, seconds }: Pick<BenchResult, 'machine' | 'runs' | 'seconds'>): string {
  const { cpu, cores, architecture, kernel, node, sqlite, fileSystem, memoryMiB, load } = machine;
  const lines = [
    `${boardWords(machine)}${cpu}, ${cores} cores, ${architecture}, ${memoryMiB} MiB RAM`,
    `Linux ${kernel}, Node ${node}, SQLite ${sqlite}, state on ${fileSystem}, load average ${load.toFixed(1)}`,
    `median of ${runs} ${runs === 1 ? 'run' : 'runs'} [smallest–largest], ${seconds} s for each measurement`,
  ];
  return lines.join('\n');
}

function boardWords({ board }: MachineFacts): string {
  return board === null ? '' : `${board}: `;
}

export function caseTable({ name, about }: BenchCase, series: readonly Series[]): string {
  const own = series.filter((one) => one.case === name);
  const subjects = SUBJECTS.filter((subject) => own.some((one) => one.subject === subject));
  const names = [...new Set(own.map(({ figure }) => figure))];
  const rows = names.map((figure) => {
    const unit = own.find((one) => one.figure === figure)?.unit ?? '';
    const cells = subjects.map((subject) =>
      spreadWords(own.find((one) => one.figure === figure && one.subject === subject)),
    );
    return [`${figure}${unit === '' ? '' : `, ${unit}`}`, ...cells];
  });
  return [`${name}: ${about}`, ...aligned([['', ...subjects], ...rows, ...ratioRows(own, subjects)])].join('\n');
}

/** The product relative to the others, as the median of the ratios within each run. */
function ratioRows(own: readonly Series[], subjects: readonly Subject[]): string[][] {
  return subjects.slice(1).flatMap((subject) =>
    ['messages', 'CPU'].flatMap((figure) => {
      const [product, other] = (['holdfast', subject] as const).map((one) =>
        own.find((series) => series.figure === figure && series.subject === one),
      );
      if (product === undefined || other === undefined) return [];
      const ratios = product.values.map((value, run) => value / (other.values[run] ?? Number.NaN));
      return [[`${figure}, holdfast ÷ ${subject}`, spreadWords(spreadOf(ratios))]];
    }),
  );
}

/** Figures of a result beside those of an earlier one. */
export function comparison(name: string, now: readonly Series[], before: readonly Series[]): string {
  const rows = now
    .filter((one) => one.case === name && one.subject === 'holdfast')
    .flatMap((one) => {
      const earlier = before.find(
        (other) => other.case === one.case && other.subject === one.subject && other.figure === one.figure,
      );
      if (earlier === undefined) return [];
      return [[`${one.figure}${one.unit === '' ? '' : `, ${one.unit}`}`, ...changeWords(earlier, one)]];
    });
  return [`${name}, compared`, ...aligned([['', 'before', 'now', 'now ÷ before'], ...rows])].join('\n');
}

function changeWords(before: Series, now: Series): string[] {
  const ratio = now.median / before.median;
  const isOutside = now.min > before.max || now.max < before.min;
  const isBetter = now.better === 'more' ? ratio > 1 : ratio < 1;
  const verdict = now.better === null || !isOutside ? '' : isBetter ? ' better' : ' worse';
  // a figure that was 0 has no ratio
  return [
    numberWords(before.median),
    numberWords(now.median),
    Number.isFinite(ratio) ? `${numberWords(ratio)}${verdict}` : '',
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const nameWidth = Math.max(NAME_WIDTH_MIN, ...rows.map(([name = '']) => name.length + 1));
  return rows.map(([name = '', ...columns]) =>
    `  ${name.padEnd(nameWidth)}${columns.map((cell) => cell.padStart(COLUMN_WIDTH)).join('')}`.trimEnd(),
  );
}

function spreadWords(spread: Pick<Series, 'median' | 'min' | 'max'> | undefined): string {
  if (spread === undefined || Number.isNaN(spread.median)) return '';
  const { median, min, max } = spread;
  if (min === max) return numberWords(median);
  return `${numberWords(median)} [${numberWords(min)}–${numberWords(max)}]`;
}

/** Three digits, and at most three decimals, so that three numbers fit into a column; thousands with k, millions with M. */
function numberWords(value: number): string {
  if (Math.abs(value) < 0.1) return `${Number(value.toFixed(DIGITS))}`;
  const [divisor, suffix] = Math.abs(value) >= 1e6 ? [1e6, 'M'] : Math.abs(value) >= 1e4 ? [1e3, 'k'] : [1, ''];
  const scaled = value / divisor;
  return `${Math.abs(scaled) >= 100 ? Math.round(scaled) : Number(scaled.toPrecision(DIGITS))}${suffix}`;
}
