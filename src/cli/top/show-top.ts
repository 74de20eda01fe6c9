/**
 * `holdfast top`: live view of the gateway. Leaves the terminal as it was on every exit, also by a signal or an error.
 */
import { once } from 'node:events';
import { emitKeypressEvents } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../../base/fault.ts';
import { ask } from '../../ops/api/control-client.ts';
import { type CommandContext, printJson } from '../context.ts';
import { locateGateway } from '../location.ts';
import { openTerminal } from '../terminal.ts';
import { isAsciiTerminal } from './sparkline.ts';
import { type TopKey, TopModel } from './top-model.ts';
import { renderTop, type TopScreen } from './top-view.ts';

const INTERVAL_MS = 1000;
/** Size of a terminal that reports none or 0, such as a serial console, and the smallest size that is used. */
const WIDTH_UNKNOWN = 80;
const HEIGHT_UNKNOWN = 24;
const WIDTH_MIN = 40;
const HEIGHT_MIN = 8;
/** Control sequences of ECMA-48 and xterm: alternate screen, cursor, position, erase to the end. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

/** @throws Fault `usage` if the output is no terminal */
export async function showTop(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const model = new TopModel();
  if (context.asJson) return await printOnce(context, controlSocket);
  if (!process.stdout.isTTY || !process.stdin.isTTY) {
    throw new Fault('usage', 'holdfast top needs a terminal', {
      hint: 'In a script use holdfast status --json, or the metrics (docs/metrics.md).',
    });
  }
  const stop = new AbortController();
  const draw = (): void => paint(model);
  const leave = enterScreen(
    (key) => {
      if (model.pressed(key)) draw();
      else stop.abort();
    },
    draw,
    () => stop.abort(),
  );
  try {
    while (!stop.signal.aborted) {
      await look(model, controlSocket);
      if (!stop.signal.aborted) draw();
      await pause(INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    leave();
  }
  const last = model.status;
  if (last !== undefined) context.terminal.print(`Losing data? ${last.sentence}`);
  return EXIT.ok;
}

async function printOnce(context: CommandContext, controlSocket: string): Promise<number> {
  const status = await ask(controlSocket, '/v1/status');
  const subdevices = await ask(controlSocket, '/v1/subdevices');
  if (status.kind !== 'answered') throw status.fault;
  if (subdevices.kind !== 'answered') throw subdevices.fault;
  printJson(context, { status: status.report, subdevices: subdevices.report.subdevices });
  return EXIT.ok;
}

async function look(model: TopModel, controlSocket: string): Promise<void> {
  try {
    const status = await ask(controlSocket, '/v1/status');
    if (status.kind !== 'answered') return model.unanswered(`${status.fault.message}.`);
    const subdevices = await ask(controlSocket, '/v1/subdevices');
    const list = subdevices.kind === 'answered' ? subdevices.report.subdevices : [];
    model.answered(status.report, list, performance.now());
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    model.unanswered(`${error.message}.`);
  }
}

function paint(model: TopModel): void {
  const { stdout } = process;
  const screen: TopScreen = {
    ...openTerminal(stdout, process.env),
    width: Math.max(WIDTH_MIN, stdout.columns || WIDTH_UNKNOWN),
    height: Math.max(HEIGHT_MIN, stdout.rows || HEIGHT_UNKNOWN),
    isAscii: isAsciiTerminal(process.env),
  };
  const lines = renderTop(model, screen);
  stdout.write(`${HOME}${lines.map((line) => `${line}${ERASE_LINE}`).join('\n')}${ERASE_BELOW}`);
}

/** @returns function that restores the terminal; idempotent */
function enterScreen(pressed: (key: TopKey) => void, resized: () => void, ended: () => void): () => void {
  const { stdin, stdout } = process;
  let isEntered = true;
  const leave = (): void => {
    if (!isEntered) return;
    isEntered = false;
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(LEAVE);
  };
  stdout.write(ENTER);
  stdin.setRawMode(true);
  emitKeypressEvents(stdin);
  stdin.on('keypress', (text: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }) => {
    if (ctrl === true && (name === 'c' || name === 'd')) return ended();
    const key = keyOf(text, name);
    if (key !== undefined) pressed(key);
  });
  stdout.on('resize', resized);
  process.once('exit', leave); // also after an error
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) void once(process, signal).then(ended);
  return leave;
}

function keyOf(text: string | undefined, name: string | undefined): TopKey | undefined {
  switch (name) {
    case 'up':
    case 'down':
    case 'return':
    case 'escape':
    case 'backspace':
      return name;
    default:
      return text !== undefined && /^[\x20-\x7e]$/.test(text) ? { text } : undefined;
  }
}
