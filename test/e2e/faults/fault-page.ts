/**
 * Page `docs/fault-table.md`, made from the rows of the fault table: the words that the tests demand, and the measured
 * times. Pure.
 */
import { CONDITIONS } from '../../../src/ops/conditions/catalogue.ts';
import type { DoctorWords, FaultRow, StatusWords } from './fault-row.ts';

const HEAD = `# Fault table

Each line is a fault that the tests inject into a real gateway (\`test/e2e/faults\`), with the words of \`holdfast status\` and
\`holdfast doctor\` that must appear in the first 24 lines of a terminal of 80 columns. The tests also check that no screen names a
party without a fault as the cause. The remedy is that of [conditions.md](conditions.md); the screens adapt it to the case.

The times are from the fault to the words of the first command, measured in several runs on two cores with much other work; a row of
\`doctor\` alone includes the one to five seconds that its checks took there. A time limit of the configuration delays some exact
words; a preliminary word comes before. This page is made from the same rows:

\`\`\`sh
FAULT_TABLE=/tmp/faults npx vitest run --no-file-parallelism test/e2e/fault-table
FAULT_TABLE=/tmp/faults npx vitest run --config vitest.long.config.ts test/e2e/fault-table.long.test.ts
FAULT_RESULTS=/tmp/faults npx vitest run test/e2e/fault-table-page.test.ts
\`\`\`
`;

/** @param seconds measured times by the names of the rows */
export function faultPage(rows: readonly FaultRow[], seconds: ReadonlyMap<string, string>): string {
  const areas = [...new Set(rows.map(({ area }) => area))];
  const sections = areas.map((area) => {
    const lines = rows.filter((row) => row.area === area).map((row) => faultLine(row, seconds.get(row.name) ?? '?'));
    const heading = `## ${area.charAt(0).toUpperCase()}${area.slice(1)}`;
    const head = ['| fault | `status` says | `doctor` says | remedy | s |', '|---|---|---|---|---|'];
    return [heading, '', ...head, ...lines, ''].join('\n');
  });
  return [HEAD, ...sections].join('\n');
}

/** Line of the table. */
export function faultLine({ name, status, doctor, delayedMs }: FaultRow, seconds: string): string {
  const delay = delayedMs === undefined ? '' : `, and a limit of ${delayedMs / 1000}`;
  return `| ${[name, statusWords(status), doctorWords(doctor), remedyOf(status), `${seconds}${delay}`].join(' | ')} |`;
}

function statusWords(status: StatusWords | undefined): string {
  if (status === undefined) return '';
  const code = status.condition === null ? '' : `\`${status.condition}\`: `;
  return `${code}${wordsOf(status.says)}`;
}

function doctorWords(doctor: DoctorWords | undefined): string {
  return doctor === undefined ? '' : `\`${doctor.finding}\` ${doctor.verdict}: ${wordsOf(doctor.says)}`;
}

function remedyOf(status: StatusWords | undefined): string {
  const condition = status?.condition ?? null;
  return condition === null ? '' : CONDITIONS[condition].remedy;
}

function wordsOf(says: readonly (string | RegExp)[]): string {
  const words = says.map((word) => (typeof word === 'string' ? word : word.source));
  return words.join(' … ').replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
