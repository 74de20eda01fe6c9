/** Page `docs/fault-table.md`, made from the rows of the fault table and the results of one run. Pure. */
import type { FaultRow } from './fault-row.ts';
import type { FaultResult } from './run-fault-rows.ts';

const HEAD = `# Fault table

Each line is a fault that the tests inject into a real gateway (\`test/e2e/faults\`), with what \`holdfast status\` and
\`holdfast doctor\` say about it in the first 24 lines of a terminal of 80 columns. The tests also check that no line blames a
party without a fault. The times are from the fault to the words, measured once; the doctor needs one to three seconds
of them for its checks. This page is made from the same rows:

\`\`\`sh
FAULT_TABLE=/tmp/faults npx vitest run --config vitest.long.config.ts test/e2e/fault-table
bin/node test/e2e/faults/write-fault-page.ts /tmp/faults
\`\`\`
`;

export function faultPage(rows: readonly FaultRow[], results: ReadonlyMap<string, FaultResult>): string {
  const areas = [...new Set(rows.map(({ area }) => area))];
  const sections = areas.map((area) => {
    const lines = rows.filter((row) => row.area === area).map((row) => lineOf(row, results.get(row.name)));
    const heading = `## ${area.charAt(0).toUpperCase()}${area.slice(1)}`;
    return [
      heading,
      '',
      '| fault | `status` | `doctor` | remedy | time, s |',
      '|---|---|---|---|---|',
      ...lines,
      '',
    ].join('\n');
  });
  return [HEAD, ...sections].join('\n');
}

function lineOf({ name, status, doctor, delayedMs }: FaultRow, result: FaultResult | undefined): string {
  const statusWords = status === undefined ? '' : `${codeWords(status.condition)}${cell(result?.status?.sentence)}`;
  const doctorWords =
    doctor === undefined ? '' : `\`${doctor.finding}\` ${doctor.verdict}: ${cell(result?.doctor?.fact)}`;
  const remedy = cell(result?.status?.hint || result?.doctor?.remedy || '');
  const times = [result?.status?.ms, result?.doctor?.ms].filter((ms) => ms !== undefined);
  const time = times.length === 0 ? 'not measured' : (Math.min(...times) / 1000).toFixed(1);
  const delay = delayedMs === undefined ? '' : ` (exact word after at most ${delayedMs / 1000} s more: a time limit)`;
  return `| ${[name, statusWords, doctorWords, remedy, `${time}${delay}`].join(' | ')} |`;
}

function codeWords(condition: string | null): string {
  return condition === null ? '' : `\`${condition}\` `;
}

/** Text for a cell of a table. */
function cell(text: string | undefined): string {
  return (text ?? '').replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').trim();
}
