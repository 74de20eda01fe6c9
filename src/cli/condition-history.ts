/** `holdfast conditions --history`: past and present conditions with their times, from the events of the history. */
import { EXIT } from '../base/fault.ts';
import { type ConditionSpell, spellsOf } from '../ops/reports/condition-spells.ts';
import { durationWords } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { readEvents } from './history/read-history.ts';
import { localTime, zoneWords } from './moment.ts';

import { renderTable } from './table.ts';

const WEEK_MS = 7 * 86_400_000;
const LIMIT_MAX = 1000;
export async function showConditionHistory(context: CommandContext, since: number | undefined): Promise<number> {
  const sinceMs = Math.max(0, Math.floor(since ?? Date.now() - WEEK_MS));
  const query = new URLSearchParams({
    since: String(sinceMs),
    limit: String(LIMIT_MAX),
    kinds: 'condition,gateway',
  });
  const { report, isRunning } = await readEvents(context, query);
  const spells = spellsOf(report.events, isRunning);
  const { terminal } = context;
  if (context.asJson) printJson(context, 'condition-history', { conditions: spells });
  else if (spells.length === 0)
    terminal.print(`No conditions since ${localTime(sinceMs)} (${zoneWords(sinceMs)}), as far as the history shows.`);
  else {
    terminal.print(renderTable(COLUMNS, spells.map(cells), terminal));
    terminal.print('');
    terminal.print(`Since ${localTime(sinceMs)} (${zoneWords(sinceMs)}). Meaning: holdfast conditions explain CODE`);
  }
  return EXIT.ok;
}

const COLUMNS = [
  { heading: 'condition' },
  { heading: 'from' },
  { heading: 'until' },
  { heading: 'lasted' },
  { heading: 'losing data?' },
];

function cells({ code, fromMs, untilMs, durationMs, end, losing }: ConditionSpell): string[] {
  const from = fromMs === null ? 'unknown' : localTime(fromMs);
  const until = untilMs === null ? (end === 'over' ? 'unknown' : end) : localTime(untilMs);
  return [code, from, until, durationMs === null ? '' : durationWords(durationMs), losing === '' ? 'unknown' : losing];
}
