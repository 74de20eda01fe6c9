/** `holdfast conditions`: all conditions of the running gateway, and the meaning of each code. */
import { EXIT, Fault } from '../base/fault.ts';
import { nearestWord } from '../config/suggestion.ts';
import { CONDITIONS, type ConditionCode } from '../ops/conditions/catalogue.ts';
import { conditionCodes, renderConditionsPage } from '../ops/conditions/conditions-page.ts';
import { allConditionLines } from './condition-lines.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { labelled } from './status-view.ts';

/** Prints all conditions of the running gateway in full, the worst first. */
export async function showConditions(context: CommandContext): Promise<number> {
  const { terminal, asJson } = context;
  const { conditions } = await askRunning(context, '/v1/status');
  if (asJson) printJson(context, 'conditions', { conditions });
  else if (conditions.length === 0) terminal.print('No conditions: no problem is present.');
  else for (const line of allConditionLines(conditions, terminal).slice(1)) terminal.print(line);
  return EXIT.ok;
}

/** @throws Fault `usage` for a code that does not exist */
export async function explainCondition(context: CommandContext, word: string): Promise<number> {
  const { terminal, asJson } = context;
  const code = conditionCodes().find((known) => known === word);
  if (code === undefined) throw unknownCode(word);
  const { meaning, effect, remedy, keys } = CONDITIONS[code];
  if (asJson) printJson(context, 'condition', { code, meaning, effect, remedy, keys });
  else {
    const rows = [
      ['Meaning', meaning],
      ['Data', effect],
      ['Remedy', remedy],
      ['Keys', keys.length === 0 ? 'none' : keys.join(', ')],
    ] as const;
    terminal.print(terminal.tone('strong', code));
    for (const [label, words] of rows) for (const line of labelled(label, [words], terminal)) terminal.print(line);
  }
  return EXIT.ok;
}

/** Prints the page `docs/conditions.md`. */
export async function showConditionsPage(context: CommandContext): Promise<number> {
  const text = renderConditionsPage();
  if (context.asJson) printJson(context, 'page', { text });
  else context.terminal.print(text.trimEnd(), 'as is');
  return EXIT.ok;
}

function unknownCode(word: string): Fault {
  const codes: readonly ConditionCode[] = conditionCodes();
  const meant = codes.find(
    (code) =>
      code.replaceAll('-', '_') ===
      nearestWord(
        word,
        codes.map((one) => one.replaceAll('-', '_')),
      ),
  );
  const hint =
    meant === undefined
      ? 'holdfast conditions --json shows the codes of the running gateway; docs/conditions.md lists all codes.'
      : `Did you mean ${meant}?`;
  return new Fault('usage', `There is no condition ${word}`, { hint });
}
