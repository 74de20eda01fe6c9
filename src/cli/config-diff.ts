/** `holdfast config diff`: the configuration of the running gateway beside its file. Exits with 78 if the file is invalid. */
import { resolve } from 'node:path';
import { EXIT } from '../base/fault.ts';
import type { ConfigChange } from '../config/config-changes.ts';
import { EFFECT_WORDS } from '../config/key-effects.ts';
import { rejectedSentence } from '../ops/conditions/config-conditions.ts';
import type { ConfigReport } from '../ops/reports/config-report.ts';
import { countOf, durationWords } from '../ops/words.ts';
import { sudoConfigCommand } from './config-words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { renderTable } from './table.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';
import { warn } from './warning.ts';

/** Width at which no value of a configuration is shortened. */
const WIDTH_IN_PIPE = 1_000_000;
/** Largest number of keys of the hub in a sentence. */
const HUB_KEYS_SHOWN = 8;

/** @throws Fault `not-running` */
export async function showDiff(context: CommandContext): Promise<number> {
  const report = await askRunning(context, '/v1/config', '', 'reported later');
  const { configPath, problems } = report;
  if (context.socketPath === undefined && configPath !== resolve(context.configPath))
    warn(
      context,
      `The running gateway was started with ${configPath}, and not with ${context.configPath}.`,
      `Name the file of the gateway: holdfast --config ${configPath} config diff`,
    );
  if (context.asJson) printJson(context, 'config-diff', report);
  else for (const line of diffLines(context, report)) context.terminal.print(line);
  return problems.length > 0 ? EXIT.config : EXIT.ok;
}

function diffLines(context: CommandContext, report: ConfigReport): string[] {
  const { terminal } = context;
  const { configPath, problems, changes, runningMark, fileMark, lossyLinks, hub } = report;
  const sentences = (...texts: readonly string[]): string[] =>
    texts.flatMap((text) => hangOnScreen('', text, terminal));
  const state = sentences(...hubSentences(report), ...stateSentences(context, report));
  if (problems.length > 0)
    return [
      ...sentences(
        `${configPath} has ${countOf(problems.length, 'problem')}, so the changes are not known.`,
        `The gateway keeps its configuration. Run: holdfast config check ${configPath}`,
      ),
      ...state,
    ];
  const over = hub === null ? '' : ' with the changes of the hub';
  if (runningMark === fileMark)
    return [...sentences(`The gateway runs with the content of ${configPath}${over}.`), ...state];
  if (changes.length === 0)
    return [...sentences(`${configPath} was changed, but every value is that of the running gateway.`), ...state];
  const step = report.state === 'unconfirmed' ? [] : [nextStep(context, changes)];
  return [
    ...sentences(`${countOf(changes.length, 'change')} from the running gateway to ${configPath}${over}:`),
    '',
    ...changeTable(changes, terminal),
    '',
    ...sentences(...lossSentences(lossyLinks), ...step),
    ...state,
  ];
}

/** Sentence about the changes of the hub over the file. */
function hubSentences({ hub, configPath }: ConfigReport): string[] {
  if (hub === null) return [];
  const shown = hub.keys.slice(0, HUB_KEYS_SHOWN);
  const more = hub.keys.length > shown.length ? ', and other keys' : '';
  return [
    `Version ${hub.version} of the configuration of the hub is in effect over ${configPath}. It sets ${shown.join(', ')}${more}. To end this, remove the names of the sections from remote.config, and restart the gateway.`,
  ];
}

/** Sentence about uplinks that a restart of links loses. */
export function lossSentences(links: readonly string[]): string[] {
  if (links.length === 0) return [];
  const [word, devices] = links.length === 1 ? ['Link', 'its devices send'] : ['Links', 'their devices send'];
  return [
    `${word} ${links.join(', ')}: what ${devices} during the restart is lost, because they get no acknowledgement. A rollback restarts the link again.`,
  ];
}

function nextStep(context: CommandContext, changes: readonly ConfigChange[]): string {
  if (changes.some(({ key }) => key === 'gateway.state_dir'))
    return 'A change of gateway.state_dir is never applied: stop the gateway, move the directory, start it.';
  const restarting = changes.filter(({ restarts }) => restarts === 'gateway').length;
  if (restarting === 0) return `Apply: ${sudoConfigCommand(context, 'apply')}`;
  return `${restarting} of them ${restarting === 1 ? 'needs' : 'need'} a restart of the gateway. Apply: ${sudoConfigCommand(context, 'apply --restart')}`;
}

/** Sentences about a configuration that is on trial, or that was rolled back. */
function stateSentences(context: CommandContext, report: ConfigReport): string[] {
  const { state, rollsBackInMs, missing, confirmation } = report;
  if (state === 'unconfirmed') {
    const left = durationWords(rollsBackInMs ?? 0);
    const back = `Return at once: ${sudoConfigCommand(context, 'rollback')}`;
    const confirm = `Confirm it: ${sudoConfigCommand(context, 'confirm')}`;
    if (missing !== null)
      return [`The running configuration is on trial, and is rolled back in at most ${left}: ${missing}. ${back}`];
    return [
      confirmation === 'operator'
        ? `The running configuration is on trial, and is rolled back in ${left} unless it is confirmed. ${confirm}`
        : `The running configuration is on trial. It is confirmed when the changed parts work again, at the latest in ${left}. ${back}`,
    ];
  }
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
  const { isScreen, print, tone } = terminal;
  // in a pipe nothing is cut
  const wide: Terminal = isScreen ? terminal : { width: WIDTH_IN_PIPE, isScreen, print, tone };
  return renderTable(columns, rows, wide).split('\n');
}

function shown(value: string | null, isAbsent: boolean): string {
  return value ?? (isAbsent ? '-' : 'default');
}

function restartOf({ restarts, links }: ConfigChange): string {
  return restarts === 'link' && links.length > 0 ? `link ${links.join(', ')}` : EFFECT_WORDS[restarts];
}
