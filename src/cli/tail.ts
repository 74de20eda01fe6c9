/** `holdfast tail`: prints events live until Ctrl-C. */
import { once } from 'node:events';
import { EXIT } from '../base/fault.ts';
import { followTail } from '../ops/api/control-client.ts';
import type { TailLine } from '../ops/api/tail-line.ts';
import { countOf, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';

/** @throws Fault `not-running` when the gateway ends */
export async function showTail(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const stop = new AbortController();
  void once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  for await (const line of followTail(controlSocket, stop.signal)) {
    if (context.asJson) printJson(context, 'tail', line);
    else for (const part of renderLine(line, context.terminal)) context.terminal.print(part);
  }
  stop.abort();
  return EXIT.ok;
}

function renderLine(line: TailLine, terminal: Terminal): string[] {
  switch (line.kind) {
    case 'event': {
      const time = clockTime(line.wallMs);
      const [first = '', ...further] = hangOnScreen(`${time}  `, printable(line.sentence), terminal);
      return [`${terminal.tone('quiet', time)}${first.slice(time.length)}`, ...further];
    }
    case 'skipped':
      return [terminal.tone('warning', `${countOf(line.events, 'event')} not shown: this terminal was too slow.`)];
  }
}

/** Time as text, `14:03:09.120`, in the local time of this machine. */
function clockTime(wallMs: number): string {
  const time = new Date(wallMs);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${parts.join(':')}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
