/** `holdfast tail`: prints events live until Ctrl-C, those that the filters admit, with payloads on request. */
import { once } from 'node:events';
import { EXIT, Fault } from '../base/fault.ts';
import { nearestWord } from '../config/suggestion.ts';
import { ask, followTail } from '../ops/api/control-client.ts';
import type { TailLine } from '../ops/api/tail-line.ts';
import type { TailDirection } from '../ops/tail/event-kinds.ts';
import { problemOf, type TailRequest } from '../ops/tail/tail-request.ts';
import { countOf, durationWords, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { type PayloadFormat, type ShownPayload, shownPayload } from './payload-format.ts';
import { endWithReader } from './reader-watch.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';
import { warn } from './warning.ts';

export interface TailOptions {
  readonly subdevice: readonly string[];
  readonly topic: readonly string[];
  readonly event: readonly string[];
  readonly direction?: TailDirection;
  readonly format: PayloadFormat | 'none';
  readonly payloadBytes: number;
}

/** @throws Fault `usage` for an invalid filter, `not-running` when the gateway ends */
export async function showTail(context: CommandContext, options: TailOptions): Promise<number> {
  const request = requestOf(options);
  const { controlSocket } = await locateGateway(context);
  await warnOfUnknown(context, controlSocket, options.subdevice);
  endWithReader();
  const stop = new AbortController();
  void once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  const sum = { shown: 0, missed: 0 };
  const startedMs = performance.now();
  try {
    for await (const line of followTail(controlSocket, request, stop.signal)) {
      if (line.kind === 'skipped') sum.missed += line.events;
      else sum.shown += 1;
      show(context, line, options.format);
    }
  } finally {
    stop.abort();
    if (sum.shown + sum.missed > 0) showSummary(context, { ...sum, ms: Math.round(performance.now() - startedMs) });
  }
  return EXIT.ok;
}

/** Warns of a name that may be a typing error: an unknown subdevice may still connect later. */
async function warnOfUnknown(context: CommandContext, socket: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const asked = await ask(socket, '/v1/subdevices');
  if (asked.kind !== 'answered') return; // the stream itself reports what is wrong
  const known = asked.report.subdevices.map(({ id }) => id);
  for (const name of names) {
    if (known.includes(name)) continue;
    const meant = nearestWord(name, known);
    const hint = `${meant === undefined ? '' : `Did you mean ${meant}? `}holdfast subdevices lists those that are known.`;
    warn(context, `No subdevice ${JSON.stringify(name)} is known: no event of it is shown until it connects.`, hint);
  }
}

function requestOf({ subdevice, topic, event, direction, format, payloadBytes }: TailOptions): TailRequest {
  const bytes = format === 'none' ? 0 : payloadBytes;
  const request = { subdevices: subdevice, topics: topic, events: event, direction, payloadBytes: bytes };
  const problem = problemOf(request);
  if (problem === undefined) return request;
  throw new Fault('usage', `Invalid filter: ${problem}`, { hint: 'holdfast tail --help explains the filters.' });
}

function show(context: CommandContext, line: TailLine, format: TailOptions['format']): void {
  if (line.kind === 'skipped') {
    if (context.asJson) printJson(context, 'tail', line);
    else
      context.terminal.print(
        context.terminal.tone('warning', `${countOf(line.events, 'event')} not shown: this terminal was too slow.`),
      );
    return;
  }
  const { payload, ...event } = line;
  const shown = payload === undefined || format === 'none' ? undefined : shownPayload(payload, format);
  if (context.asJson) printJson(context, 'tail', shown === undefined ? event : { ...event, payload: shown });
  else for (const part of eventLines(line, shown, context.terminal)) context.terminal.print(part);
}

function eventLines(
  { wallMs, sentence }: Extract<TailLine, { kind: 'event' }>,
  payload: ShownPayload | undefined,
  terminal: Terminal,
): string[] {
  const time = clockTime(wallMs);
  const [first = '', ...further] = hangOnScreen(`${time}  `, printable(sentence), terminal);
  const lines = [`${terminal.tone('quiet', time)}${first.slice(time.length)}`, ...further];
  if (payload === undefined) return lines;
  const cut = payload.isCut ? ` (${countOf(payload.bytes, 'byte')} in all)` : '';
  return [...lines, ...hangOnScreen(`${' '.repeat(time.length)}  `, `${printable(payload.content)}${cut}`, terminal)];
}

function showSummary(context: CommandContext, sum: { shown: number; missed: number; ms: number }): void {
  if (context.asJson) return printJson(context, 'tail', { kind: 'summary', ...sum });
  const missed = sum.missed === 0 ? 'none missed' : `${countOf(sum.missed, 'event')} missed`;
  context.terminal.print(
    context.terminal.tone('quiet', `${countOf(sum.shown, 'event')} in ${durationWords(sum.ms)}, ${missed}.`),
  );
}

/** Time as text, `14:03:09.120`, in the local time of this machine. */
function clockTime(wallMs: number): string {
  const time = new Date(wallMs);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${parts.join(':')}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
