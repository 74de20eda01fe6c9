/** `holdfast config diff`: the configuration of the running gateway beside its file. Exits with 78 if the file is invalid. */
import { resolve } from 'node:path';
import { EXIT } from '../base/fault.ts';
import type { ConfigChange } from '../config/config-changes.ts';
import { EFFECT_WORDS } from '../config/key-effects.ts';
import { rejectedSentence } from '../ops/conditions/config-conditions.ts';
import type { ConfigReport } from '../ops/reports/config-report.ts';
import { countOf, durationWords } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { renderTable } from './table.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';
import { warn } from './warning.ts';

/** @throws Fault `not-running` */
export async function showDiff(context: CommandContext): Promise<number> {
  const report = await askRunning(context, '/v1/config');
  const { configPath, problems } = report;
  if (context.socketPath === undefined && configPath !== resolve(context.configPath))
    warn(
      context,
      `The running gateway was started with ${configPath}, and not with ${context.configPath}.`,
      `Name the file of the gateway: holdfast --config ${configPath} config diff`,
    );
  if (context.asJson) printJson(context, 'config-diff', report);
  else for (const line of diffLines(report, context.terminal)) context.terminal.print(line);
  return problems.length > 0 ? EXIT.config : EXIT.ok;
}

function diffLines(report: ConfigReport, terminal: Terminal): string[] {
  const { configPath, problems, changes, runningMark, fileMark } = report;
  const sentences = (...texts: readonly string[]): string[] =>
    texts.flatMap((text) => hangOnScreen('', text, terminal));
  if (problems.length > 0)
    return sentences(
      `${configPath} has ${countOf(problems.length, 'problem')}, so the changes are not known.`,
      `The gateway keeps its configuration. Run: holdfast config check ${configPath}`,
    );
  const state = sentences(...stateSentences(report));
  if (runningMark === fileMark) return [...sentences(`The gateway runs with the content of ${configPath}.`), ...state];
  if (changes.length === 0)
    return [...sentences(`${configPath} was changed, but every value is that of the running gateway.`), ...state];
  return [
    ...sentences(`${countOf(changes.length, 'change')} from the running gateway to ${configPath}:`),
    '',
    ...changeTable(changes, terminal),
    '',
    ...sentences(nextStep(changes)),
    ...state,
  ];
}

function nextStep(changes: readonly ConfigChange[]): string {
  const restarting = changes.filter(({ restarts }) => restarts === 'gateway').length;
  if (restarting === 0) return 'Apply: sudo holdfast config apply';
  return `${restarting} of them ${restarting === 1 ? 'needs' : 'need'} a restart of the gateway. Apply: sudo holdfast config apply --restart`;
}

/** Sentences about a configuration that is on trial, or that was rolled back. */
function stateSentences(report: ConfigReport): string[] {
  const { state, rollsBackInMs, missing } = report;
  if (state === 'unconfirmed')
    return [
      ...(missing === null ? [] : [`Since the change ${missing}. Return at once: sudo holdfast config rollback`]),
      `The running configuration is on trial, and is rolled back in ${durationWords(rollsBackInMs ?? 0)} unless it is confirmed. Confirm it: sudo holdfast config confirm`,
    ];
  return state === 'rolled back' ? [rejectedSentence(report)] : [];
}

/** Rows of changes: key, both values, and the part of the gateway that restarts. */
export function changeTable(changes: readonly ConfigChange[], terminal: Terminal): string[] {
  const rows = changes.map((change) => [
    change.key,
    shown(change.old, change.change === 'added'),
    shown(change.new, change.change === 'removed'),
    restartOf(change),
  ]);
  const columns = [
    { heading: 'KEY' },
    { heading: 'RUNNING', shrinks: true },
    { heading: 'FILE', shrinks: true },
    { heading: 'RESTARTS' },
  ] as const;
  return renderTable(columns, rows, terminal).split('\n');
}

function shown(value: string | null, isAbsent: boolean): string {
  return value ?? (isAbsent ? '-' : 'default');
}

function restartOf({ restarts, links }: ConfigChange): string {
  return restarts === 'link' && links.length > 0 ? `link ${links.join(', ')}` : EFFECT_WORDS[restarts];
}
