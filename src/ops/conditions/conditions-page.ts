/** Page about all conditions, made from the catalogue. `docs/conditions.md` is its output, which a test checks. */
import { CONDITIONS, type ConditionCode } from './catalogue.ts';
import type { ConditionEntry } from './condition-entry.ts';

const OPENING = `# Conditions

A condition is a problem that is present now. \`holdfast status\` shows the conditions of the running
gateway, the worst first; \`holdfast conditions\` lists all of them, and \`holdfast conditions explain CODE\` prints an entry
of this page. The codes are stable: scripts may rely on them. This page is the output of \`holdfast conditions reference\`.
`;

/** Markdown, ending in a newline. */
export function renderConditionsPage(): string {
  return [OPENING, ...conditionCodes().map((code) => section(code, CONDITIONS[code]))].join('\n');
}

/** All codes, in the order of the page. */
export function conditionCodes(): readonly ConditionCode[] {
  return Object.keys(CONDITIONS) as ConditionCode[];
}

function section(code: ConditionCode, { meaning, effect, remedy, keys }: ConditionEntry): string {
  const named = keys.length === 0 ? [] : [`- **Configuration:** ${keys.map((key) => `\`${key}\``).join(', ')}`];
  const lines = [`- **Meaning:** ${meaning}`, `- **Effect on data:** ${effect}`, `- **Remedy:** ${remedy}`, ...named];
  return [`## \`${code}\``, '', ...lines, ''].join('\n');
}
