/** `holdfast config apply`, `confirm` and `rollback`: change the configuration of the running gateway. */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import { ask, give } from '../ops/api/control-client.ts';
import type { ApplyAnswer } from '../ops/reports/config-report.ts';
import { countOf } from '../ops/words.ts';
import { printProblems } from './config-check.ts';
import { changeTable, lossSentences } from './config-diff.ts';
import { configCommand, sudoConfigCommand } from './config-words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning, locateGateway } from './location.ts';
import { hangOnScreen } from './terminal.ts';

export interface ApplyOptions {
  /** Time for the confirmation, ms. */
  readonly confirm?: number;
  readonly restart?: true;
}

const LOOK_MS = 500;

/** @throws Fault `command-rejected` with the reason if nothing was changed; `not-running` */
export async function applyConfig(context: CommandContext, options: ApplyOptions): Promise<number> {
  const { configPath, lossyLinks } = await askRunning(context, '/v1/config', '', 'reported later');
  if (!printProblems(context, configPath)) return EXIT.config;
  const { controlSocket } = await locateGateway(context);
  const request = { confirmMs: options.confirm ?? null, restart: options.restart === true };
  const answer = (await give(controlSocket, 'config.apply', request)) as ApplyAnswer;
  if (!context.asJson)
    printAnswer(context, answer, { configPath, lossyLinks, isAutomatic: options.confirm === undefined });
  const isWaiting = answer.outcome === 'unconfirmed' && options.confirm === undefined;
  const outcome = isWaiting ? await outcomeOf(controlSocket) : { outcome: answer.outcome, reason: null };
  if (context.asJson) printJson(context, 'config-applied', { ...answer, ...outcome });
  else if (isWaiting) say(context, outcomeWords(context, outcome));
  return outcome.outcome === 'rolled back' ? EXIT.refused : EXIT.ok;
}

/** Outcome of an automatic confirmation. */
interface Outcome {
  readonly outcome: ApplyAnswer['outcome'] | 'rolled back';
  readonly reason: string | null;
}

/** Waits for the automatic confirmation, or for the rollback. */
async function outcomeOf(controlSocket: string): Promise<Outcome> {
  for (;;) {
    const asked = await ask(controlSocket, '/v1/config');
    if (asked.kind !== 'answered') throw asked.fault;
    const { state, reason } = asked.report;
    if (state === 'confirmed') return { outcome: 'confirmed', reason: null };
    if (state === 'rolled back') return { outcome: 'rolled back', reason };
    await pause(LOOK_MS);
  }
}

interface Applied {
  readonly configPath: string;
  readonly lossyLinks: readonly string[];
  readonly isAutomatic: boolean;
}

function printAnswer(
  context: CommandContext,
  answer: ApplyAnswer,
  { configPath, lossyLinks, isAutomatic }: Applied,
): void {
  const { changes, outcome, confirmWithinMs } = answer;
  if (changes.length === 0) return say(context, `The gateway runs with the values of ${configPath} already.`);
  for (const line of [...changeTable(changes, context.terminal), '']) context.terminal.print(line);
  for (const sentence of lossSentences(lossyLinks)) say(context, sentence);
  const applied = `${countOf(changes.length, 'change')} applied.`;
  const seconds = Math.round((confirmWithinMs ?? 0) / 1000);
  const confirm = `Confirm it: ${sudoConfigCommand(context, 'confirm')}`;
  const back = `Return at once: ${sudoConfigCommand(context, 'rollback')}`;
  const terms = isAutomatic
    ? `It is confirmed automatically when the changed parts work again, and rolled back if one does not within ${seconds} s. ${back}`
    : `It is rolled back after ${seconds} s without a confirmation, or earlier if the changed parts do not work again. ${confirm}`;
  switch (outcome) {
    case 'confirmed':
      return say(context, `${applied} The configuration is confirmed.`);
    case 'restarting':
      return say(
        context,
        `The gateway restarts with the new configuration, which is on trial then. ${configCommand(context, 'diff')} shows the trial as soon as the gateway answers again. ${terms}`,
      );
    case 'unconfirmed':
      return say(context, `${applied} The configuration is on trial. ${terms}`);
  }
}

function outcomeWords(context: CommandContext, { outcome, reason }: Outcome): string {
  return outcome === 'confirmed'
    ? 'The changed parts work: the configuration is confirmed.'
    : `The configuration was rolled back: ${reason}. The gateway runs with the one before; ${configCommand(context, 'diff')} shows the differences.`;
}

/** @throws Fault `command-rejected` if no configuration is on trial */
export async function endTrial(context: CommandContext, verb: 'confirm' | 'rollback'): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const asked = verb === 'confirm' ? await ask(controlSocket, '/v1/config') : undefined;
  const answer = await give(controlSocket, `config.${verb}`, {});
  if (!hasMark(answer)) throw new Fault('answer-damaged', 'The answer has no mark', { hint: 'Try again.' });
  const before = asked?.kind === 'answered' ? asked.report : undefined;
  const missing = before?.missing ?? null;
  const changesLeft = before === undefined || before.problems.length > 0 ? null : before.changes.length;
  if (context.asJson)
    printJson(context, 'config-trial-ended', { outcome: OUTCOMES[verb], mark: answer.mark, missing, changesLeft });
  else if (verb === 'confirm') {
    say(context, `The configuration is confirmed${missing === null ? '' : `, although ${missing}`}.`);
    if (changesLeft !== 0 && before !== undefined)
      say(
        context,
        `${before.configPath} was edited during the trial, and the edit is not in use. ${configCommand(context, 'diff')} shows it.`,
      );
  } else
    say(
      context,
      `The configuration was rolled back. ${configCommand(context, 'diff')} shows the differences to the file.`,
    );
  return EXIT.ok;
}

const OUTCOMES = { confirm: 'confirmed', rollback: 'rolled back' } as const;

function hasMark(answer: unknown): answer is { readonly mark: string } {
  return typeof answer === 'object' && answer !== null && 'mark' in answer && typeof answer.mark === 'string';
}

function say({ terminal }: CommandContext, text: string): void {
  for (const line of hangOnScreen('', text, terminal)) terminal.print(line);
}
