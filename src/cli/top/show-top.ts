/** `holdfast top`: live view of the gateway, until `q` or Ctrl-C. */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../../base/fault.ts';
import { ask } from '../../ops/api/control-client.ts';
import { type CommandContext, printJson } from '../context.ts';
import { canFillScreen, FullScreen } from '../full-screen.ts';
import { locateGateway } from '../location.ts';
import { isAsciiTerminal } from '../terminal.ts';
import { TopModel } from './top-model.ts';
import { renderTop, scrollMax } from './top-view.ts';

const INTERVAL_MS = 1000;

/** @throws Fault `usage` if the output is no terminal */
export async function showTop(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  if (context.asJson) return await printOnce(context, controlSocket);
  if (!canFillScreen()) {
    throw new Fault('usage', 'holdfast top needs a terminal', {
      hint: 'In a script use holdfast status --json, or the metrics (docs/metrics.md).',
    });
  }
  const model = new TopModel();
  const stop = new AbortController();
  const isAscii = isAsciiTerminal(process.env);
  const draw = (): void => {
    const now = { ...screen.terminal, isAscii };
    model.limitScroll(scrollMax(model, now));
    screen.paint(renderTop(model, now));
  };
  const screen = new FullScreen({
    addressed: context.terminal.addressed,
    pressed: (key) => {
      if (model.pressed(key)) draw();
      else stop.abort();
    },
    resized: draw,
    ended: () => stop.abort(),
  });
  try {
    while (!stop.signal.aborted) {
      await look(model, controlSocket);
      if (!stop.signal.aborted) draw();
      await pause(INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    screen.leave();
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
  printJson(context, 'top', { status: status.report, subdevices: subdevices.report.subdevices });
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
