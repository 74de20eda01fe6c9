/** `holdfast status`: health of the gateway. If no gateway runs, the command shows the content of the store. */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import { type Asked, ask } from '../ops/api/control-client.ts';
import { offlineStatusOf } from '../ops/reports/offline-report.ts';
import type { Losing } from '../ops/reports/report.ts';
import { bytesWords, countOf, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { canFillScreen, FullScreen, type ScreenKey } from './full-screen.ts';
import { type CheckWord, jsonErrorOf } from './json-outputs.ts';
import { locateGateway, storeOf, warnOfNextStart } from './location.ts';
import { WAITING_FOR_GATEWAY, withNotice } from './notice.ts';
import { readOffline, storeFileWords } from './read-store.ts';
import { endWithReader } from './reader-watch.ts';
import { labelled, renderFullStatus, renderStatus } from './status-view.ts';
import { cut, findingLines, hang, hintLines, type Terminal, wrap } from './terminal.ts';
import { warningLines } from './warning.ts';

export interface StatusOptions {
  /** Prints one line, and exits with the code of the verdict. */
  readonly check?: true;
  /** Shows the status again and again, until `q` or Ctrl-C. */
  readonly watch?: true;
  /** Shows everything, also if it needs more than one screen. */
  readonly full?: true;
}

/** Pause between two statuses of `--watch`. */
const WATCH_MS = 2000;

/** @throws Fault `usage` for more than one of `--watch`, `--check` and `--full` */
export async function showStatus(context: CommandContext, options: StatusOptions): Promise<number> {
  const forms = (['check', 'watch', 'full'] as const).filter((form) => options[form]);
  if (forms.length > 1) {
    throw new Fault('usage', `${forms.map((form) => `--${form}`).join(' and ')} exclude each other`, {
      hint: '--check prints one line for a monitoring system, --watch repeats one screen, --full prints everything once.',
    });
  }
  if (options.check) return await checkStatus(context);
  if (options.watch) return await watchStatus(context);
  const places = await locateGateway(context);
  const asked = await withNotice(WAITING_FOR_GATEWAY, ask(places.controlSocket, '/v1/status'));
  if (asked.kind === 'absent') return await showOfflineStatus(context, storeOf(places, asked.fault), asked.fault);
  if (asked.kind === 'stalled') return showStalled(context, places.stateDir, asked.fault);
  // a broken file has been reported already
  if (warningLines() === 0) await warnOfNextStart(context, asked.report.process.uptimeMs);
  if (context.asJson) printJson(context, 'status', asked.report);
  else {
    const { terminal } = context;
    const isFull = options.full === true || !terminal.isScreen;
    const above = process.stderr.isTTY === true ? warningLines() : 0;
    const lines = isFull ? renderFullStatus(asked.report, terminal) : renderStatus(asked.report, terminal, above);
    for (const line of lines) terminal.print(line);
  }
  return EXIT.ok;
}

/** Shows the status on a full screen; in a pipe, one status after the other. */
async function watchStatus(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const stop = new AbortController();
  const end = (): void => stop.abort();
  let answer: Asked<'/v1/status'> | undefined;
  const draw = (): void => {
    if (screen === undefined || answer === undefined) return;
    const { height, width } = screen.terminal;
    screen.paint(cut(watchedLines(answer, screen.terminal), height - 1, width));
  };
  const isFull = canFillScreen() && !context.asJson;
  const screen = isFull
    ? new FullScreen({
        pressed: (key) => isQuit(key) && end(),
        resized: draw,
        ended: end,
        addressed: context.terminal.addressed,
      })
    : undefined;
  if (screen === undefined) {
    endWithReader();
    process.once('SIGINT', end);
  }
  try {
    while (!stop.signal.aborted) {
      answer = await ask(controlSocket, '/v1/status');
      if (screen !== undefined) draw();
      else if (context.asJson) {
        if (answer.kind === 'answered') printJson(context, 'status', answer.report);
        else printJson(context, 'error', { error: jsonErrorOf(answer.fault) });
      } else for (const line of [...watchedLines(answer, context.terminal), '']) context.terminal.print(line);
      await pause(WATCH_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    screen?.leave();
  }
  if (screen !== undefined && answer !== undefined) context.terminal.print(`Losing data? ${sentenceOf(answer)}`);
  return EXIT.ok;
}

function watchedLines(answer: Asked<'/v1/status'>, terminal: Terminal): string[] {
  if (answer.kind === 'answered') return renderStatus(answer.report, terminal);
  return hang('! ', printable(sentenceOf(answer)), terminal.width);
}

function sentenceOf(answer: Asked<'/v1/status'>): string {
  return answer.kind === 'answered' ? answer.report.sentence : `${answer.fault.message}.`;
}

function isQuit(key: ScreenKey): boolean {
  return typeof key !== 'string' && key.text === 'q';
}

/** Exit codes of monitoring plug-ins (Nagios Plugin Development Guidelines, "Plugin Return Codes"). */
const CHECKS: Readonly<Record<Losing, { readonly word: CheckWord; readonly code: number }>> = {
  no: { word: 'OK', code: 0 },
  'at risk': { word: 'WARNING', code: 1 },
  yes: { word: 'CRITICAL', code: 2 },
  unknown: { word: 'UNKNOWN', code: 3 },
};

/** Prints one line. Never throws a Fault: if the gateway does not answer, the line gives the reason. */
async function checkStatus(context: CommandContext): Promise<number> {
  let losing: Losing = 'unknown';
  let sentence: string;
  try {
    const { controlSocket } = await locateGateway(context);
    const asked = await ask(controlSocket, '/v1/status');
    if (asked.kind === 'answered') ({ losing, sentence } = asked.report);
    else sentence = `${asked.fault.message}.`;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    sentence = `${error.message}.`;
  }
  const { word, code } = CHECKS[losing] ?? CHECKS.unknown;
  const line = printable(sentence.replaceAll(/\s*\n\s*/g, ' '));
  if (context.asJson) printJson(context, 'status-check', { check: word, code, losing, sentence: line });
  else context.terminal.print(`HOLDFAST ${word} - Losing data? ${line}`);
  return code;
}

/** Prints the report about a gateway that runs and does not answer. The store of such a gateway is not opened. */
function showStalled({ asJson, terminal }: CommandContext, stateDir: string | undefined, fault: Fault): number {
  if (asJson || stateDir === undefined) throw fault;
  const file = storeFileWords(stateDir);
  const store = file === undefined ? [] : ['', ...labelled('Store', [file], terminal)];
  const sentence = `Losing data? Unknown. ${fault.message}. Acknowledged messages are on disk or at the hub.`;
  for (const line of [...wrap(sentence, terminal.width), ...hintLines('  ', fault.hint, terminal), ...store])
    terminal.print(line);
  return EXIT.notRunning;
}

async function showOfflineStatus(context: CommandContext, stateDir: string, fault: Fault): Promise<number> {
  const reading = await readOffline(stateDir, fault);
  const status = offlineStatusOf(reading, volatilePlaceOf(reading.path) ?? null);
  const { terminal } = context;
  if (context.asJson) {
    printJson(context, 'status-offline', status);
    return EXIT.notRunning;
  }
  const { path, bytes, walBytes } = status.store;
  const lines = [
    ...wrap(`Losing data? Unknown. ${status.sentence}`, terminal.width),
    ...hintLines('  ', fault.hint, terminal),
    ...findingLines(status.findings, terminal),
    '',
    ...labelled('Outbox', [countOf(status.uplinksOnDisk, 'message')], terminal),
    ...labelled('Inbox', [`${countOf(status.downlinksOnDisk, 'message')} for subdevices`], terminal),
    ...labelled('Store', [`${path} · ${bytesWords(bytes)} + ${bytesWords(walBytes)} WAL`], terminal),
  ];
  for (const line of lines) terminal.print(line);
  return EXIT.notRunning;
}
