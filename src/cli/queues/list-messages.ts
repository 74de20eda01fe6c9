/** `holdfast outbox|inbox list` and `show`: messages in custody, also of a gateway that does not run. */
import { EXIT, Fault } from '../../base/fault.ts';
import type { MessageReport } from '../../ops/queues/message-report.ts';
import type { MessageSelector, QueueName } from '../../ops/queues/message-selector.ts';
import { ageWords, bytesWords, countOf, countWords, dateWords, printable } from '../../ops/words.ts';
import type { Column } from '../columns.ts';
import { type CommandContext, printJson } from '../context.ts';
import { hexLines } from '../hex-lines.ts';
import { labelled } from '../status-view.ts';
import { renderTable } from '../table.ts';
import { type Terminal, wrap } from '../terminal.ts';
import { CountingLine } from './counting-line.ts';
import { type PageReader, readMessages } from './message-source.ts';
import { messageNumber, type SelectionOptions, selectorOf } from './selection.ts';

export interface ListOptions extends SelectionOptions {
  readonly after: number;
  readonly limit: number;
}

interface Found {
  readonly messages: readonly MessageReport[];
  readonly damaged: number;
  readonly scanned: number;
  readonly next: number | null;
}

const COLUMNS: readonly Column[] = [
  { heading: 'number', align: 'right' },
  { heading: 'subdevice', shrinks: true },
  { heading: 'topic', shrinks: true },
  { heading: 'bytes', align: 'right' },
  { heading: 'age' },
  { heading: 'state' },
];

export async function listMessages(context: CommandContext, queue: QueueName, options: ListOptions): Promise<number> {
  const selector = selectorOf(options);
  const { result, isRunning } = await readMessages(context, { queue, selector }, list(options));
  if (context.asJson) printJson(context, 'messages', { queue, running: isRunning, ...result });
  else {
    const { terminal } = context;
    if (!isRunning) terminal.print('The gateway is not running; this is the content of its store.');
    for (const line of renderList(queue, result, selector, terminal)) terminal.print(line);
  }
  return EXIT.ok;
}

/** @throws Fault `usage` if there is no such message */
export async function showMessage(context: CommandContext, queue: QueueName, word: string): Promise<number> {
  const selector = { numbers: [messageNumber(word)] };
  const { result, isRunning } = await readMessages(context, { queue, selector }, first());
  if (result === undefined)
    throw new Fault('usage', `There is no message ${word} in the ${queue}`, {
      hint: `It was delivered, shed or dropped, or never had this number. holdfast ${queue} list shows those that wait.`,
    });
  if (context.asJson) printJson(context, 'message', { queue, running: isRunning, ...result });
  else for (const line of renderMessage(queue, result, context.terminal)) context.terminal.print(line);
  return EXIT.ok;
}

function* list({ after, limit }: ListOptions): PageReader<Found> {
  const progress = new CountingLine(process.stderr);
  const messages: MessageReport[] = [];
  let damaged = 0;
  let scanned = 0;
  let next: number | null = after;
  let upTo: number | undefined;
  while (next !== null && messages.length < limit) {
    const page: Parameters<PageReader<Found>['next']>[0] = yield {
      after: next,
      upTo,
      limit: limit - messages.length,
      show: 'list',
    };
    upTo ??= page.newest;
    messages.push(...page.messages);
    damaged += page.damaged;
    scanned += page.scanned;
    next = page.next;
    progress.show(`searching: ${countOf(scanned, 'message')}, ${countWords(messages.length)} found`);
  }
  progress.clear();
  return { messages, damaged, scanned, next };
}

function* first(): PageReader<MessageReport | undefined> {
  const { messages } = yield { after: 0, limit: 1, show: 'payload' };
  return messages[0];
}

function renderList(
  queue: QueueName,
  { messages, damaged, next }: Found,
  selector: MessageSelector,
  terminal: Terminal,
): string[] {
  const damage =
    damaged === 0
      ? []
      : [`${countOf(damaged, 'damaged row')} left out; holdfast ledger counts them when the gateway reads them.`];
  if (messages.length === 0) return [...wrap(emptyWords(queue, selector), terminal.width), ...damage];
  const more = next === null ? [] : ['', `More: holdfast ${queue} list --after ${next}`];
  return [renderTable(COLUMNS, messages.map(cells), terminal), ...more, ...damage];
}

export function emptyWords(queue: QueueName, selector: MessageSelector): string {
  return Object.keys(selector).length === 0 ? `The ${queue} is empty.` : `No message in the ${queue} matches.`;
}

function cells({ number, subdevice, topic, bytes, age, state, alarm }: MessageReport): string[] {
  return [
    String(number),
    alarm ? `${subdevice} (alarm)` : subdevice,
    printable(topic),
    countWords(bytes),
    ageWords(age),
    state,
  ];
}

function renderMessage(queue: QueueName, message: MessageReport, terminal: Terminal): string[] {
  const { number, name, subdevice, topic, bytes, qos, retain, alarm, age, acceptedMs, state, attempts, payload } =
    message;
  const lines = (label: string, ...beside: string[]): string[] => labelled(label, beside, terminal);
  const date = acceptedMs === null ? '' : ` (${dateWords(acceptedMs)})`;
  const text = payload?.text ?? null;
  return [
    ...lines('Number', String(number)),
    ...lines(queue === 'outbox' ? 'From' : 'For', alarm ? `${subdevice} (alarm)` : subdevice),
    ...lines('Topic', printable(topic)),
    ...lines('QoS', `${qos}${retain ? ', RETAIN' : ''}`),
    ...lines('Accepted', `${ageWords(age)} ago${date}`),
    ...lines('State', attempts === 0 ? state : `${state}; ${countOf(attempts, 'attempt')} without an answer`),
    ...lines('Why', `holdfast explain ${name}`),
    ...lines('Payload', `${bytesWords(bytes)}${text === null ? ', binary' : ''}:`),
    '',
    ...(text === null ? hexLines(Buffer.from(payload?.base64 ?? '', 'base64')) : textLines(text)),
  ];
}

/** Lines of a text; JSON is laid out. */
function textLines(text: string): string[] {
  return laidOut(text)
    .split('\n')
    .map((line) => `  ${printable(line)}`);
}

function laidOut(text: string): string {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
