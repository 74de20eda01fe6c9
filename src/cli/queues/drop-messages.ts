/**
 * `holdfast outbox|inbox drop`: shows what would be dropped; with `--yes` drops it, request by request, so that Ctrl-C
 * stops it between two pages.
 */
import { EXIT, Fault } from '../../base/fault.ts';
import { give } from '../../ops/api/control-client.ts';
import { addTallies, EMPTY_TALLY, type MessageTally } from '../../ops/queues/message-report.ts';
import type { MessageSelector, QueueName } from '../../ops/queues/message-selector.ts';
import type { DropAnswer } from '../../ops/queues/queue-answers.ts';
import { ageWords, bytesWords, countOf, countWords } from '../../ops/words.ts';
import type { Column } from '../columns.ts';
import { type CommandContext, printJson } from '../context.ts';
import { locateGateway } from '../location.ts';
import { renderTable } from '../table.ts';
import { type Terminal, wrap } from '../terminal.ts';
import { CountingLine } from './counting-line.ts';
import { emptyWords } from './list-messages.ts';
import { type PageReader, readMessages } from './message-source.ts';
import { explicitSelectorOf, type SelectionOptions } from './selection.ts';

export interface DropOptions extends SelectionOptions {
  readonly yes?: true;
}

interface Selected {
  readonly tally: MessageTally;
  /** Messages looked at. */
  readonly scanned: number;
  readonly newest: number;
}

interface Dropped extends Omit<DropAnswer, 'next'> {
  /** Reason why the drop ended before the last message; `null`: it did not. */
  readonly stopped: string | null;
}

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'messages', align: 'right' },
  { heading: 'bytes', align: 'right' },
];
const ROWS_MAX = 12;

/** @throws Fault `usage`, `command-rejected`, `not-running` */
export async function dropMessages(
  context: CommandContext,
  queue: QueueName,
  options: DropOptions,
  words: readonly string[],
): Promise<number> {
  const selector = explicitSelectorOf('drop', options, words);
  const { controlSocket } = await locateGateway(context);
  const { result, isRunning, isInterrupted } = await readMessages(
    context,
    { queue, selector, stopsAtInterrupt: true },
    count(),
  );
  const { tally, newest, scanned } = result;
  const { terminal } = context;
  if (isInterrupted) {
    const stopped = `interrupted while counting: ${countOf(tally.messages, 'message')} selected of the first ${countWords(scanned)}. Nothing was dropped`;
    if (context.asJson) printJson(context, 'messages-dropped', { selected: tally, dropped: undropped(stopped) });
    else for (const line of wrap(`The command was ${stopped}.`, terminal.width)) terminal.print(line);
    return EXIT.refused;
  }
  if (tally.messages === 0) {
    if (context.asJson) printJson(context, 'messages-dropped', { selected: tally, dropped: null });
    else terminal.print(emptyWords(queue, selector));
    return EXIT.ok;
  }
  if (options.yes !== true) {
    if (context.asJson) printJson(context, 'messages-dropped', { selected: tally, dropped: null });
    else for (const line of renderSelected(queue, tally, terminal)) terminal.print(line);
    return EXIT.ok;
  }
  if (!isRunning)
    throw new Fault('not-running', 'The gateway does not run: nothing was dropped', {
      hint: 'Start it (systemctl start holdfast) and run the command again.',
    });
  const dropped = await drop(controlSocket, { queue, selector, upTo: newest, total: tally.messages });
  if (context.asJson) printJson(context, 'messages-dropped', { selected: tally, dropped });
  else
    for (const line of renderDropped(queue, dropped))
      for (const part of wrap(line, terminal.width)) terminal.print(part);
  return dropped.stopped === null ? EXIT.ok : EXIT.refused;
}

function* count(): PageReader<Selected> {
  const progress = new CountingLine(process.stderr);
  let tally = EMPTY_TALLY;
  let scanned = 0;
  let next: number | null = 0;
  let upTo: number | undefined;
  while (next !== null) {
    const page: Parameters<PageReader<Selected>['next']>[0] = yield {
      after: next,
      upTo,
      limit: 100_000,
      show: 'tally',
    };
    upTo ??= page.newest;
    tally = addTallies(tally, page.tally ?? EMPTY_TALLY);
    scanned += page.scanned;
    next = page.next;
    progress.show(`counting: ${countOf(scanned, 'message')}, ${countWords(tally.messages)} selected`);
  }
  progress.clear();
  return { tally, newest: upTo ?? 0, scanned };
}

interface DropPlan {
  readonly queue: QueueName;
  readonly selector: MessageSelector;
  readonly upTo: number;
  readonly total: number;
}

async function drop(controlSocket: string, { queue, selector, upTo, total }: DropPlan): Promise<Dropped> {
  const progress = new CountingLine(process.stderr);
  const sum = Object.assign({}, NOTHING);
  let snapshot: string | null = null;
  let stopped: string | null = null;
  const interrupt = (): void => {
    stopped = 'interrupted';
  };
  process.on('SIGINT', interrupt);
  try {
    for (let after: number | null = 0; after !== null && stopped === null; ) {
      const answer: DropAnswer = (await give(controlSocket, `${queue}.drop`, {
        ...selector,
        after,
        upTo,
      })) as DropAnswer;
      for (const key of ['dropped', 'bytes', 'inFlight', 'notCommitted', 'damaged'] as const) sum[key] += answer[key];
      snapshot = answer.snapshot ?? snapshot;
      after = answer.next;
      progress.show(`dropping: ${countWords(sum.dropped)} of ${countOf(total, 'message')}; Ctrl-C stops`);
    }
    if (stopped !== null) await give(controlSocket, `${queue}.drop-end`, {});
  } catch (error) {
    if (!(error instanceof Fault) || sum.dropped === 0) throw error;
    stopped = `${error.message}. ${error.hint}`;
  } finally {
    progress.clear();
    process.off('SIGINT', interrupt);
  }
  return { ...sum, snapshot, stopped };
}

const NOTHING = { dropped: 0, bytes: 0, inFlight: 0, notCommitted: 0, damaged: 0 };

function undropped(stopped: string): Dropped {
  return { ...NOTHING, snapshot: null, stopped };
}

function renderSelected(queue: QueueName, tally: MessageTally, terminal: Terminal): string[] {
  const { messages, bytes, oldest, newest, subdevices } = tally;
  const ages = oldest === null || newest === null ? '' : `; ages ${ageWords(newest)} to ${ageWords(oldest)}`;
  const rows = subdevices
    .slice(0, ROWS_MAX)
    .map((one) => [one.subdevice, countWords(one.messages), bytesWords(one.bytes)]);
  const more = subdevices.length > ROWS_MAX ? [`and ${countOf(subdevices.length - ROWS_MAX, 'more subdevice')}`] : [];
  return [
    ...wrap(
      `Would drop ${countOf(messages, 'message')} of the ${queue} (${bytesWords(bytes)}${ages}).`,
      terminal.width,
    ),
    '',
    renderTable(COLUMNS, rows, terminal),
    ...more,
    '',
    ...wrap(
      'Nothing was dropped. Repeat the command with --yes to drop them: they are copied to a file first, and the ledger counts them as dropped by hand.',
      terminal.width,
    ),
  ];
}

function renderDropped(
  queue: QueueName,
  { dropped, bytes, inFlight, notCommitted, damaged, snapshot, stopped }: Dropped,
): string[] {
  const kept = inFlight + notCommitted;
  return [
    ...(stopped === null ? [] : [`Stopped before the last message: ${stopped}${/[.!]$/.test(stopped) ? '' : '.'}`]),
    `${countOf(dropped, 'message')} dropped from the ${queue} (${bytesWords(bytes)}).`,
    ...(kept === 0 ? [] : [`${countOf(kept, 'message')} not dropped: on the way to the next hop, or not on disk yet.`]),
    ...(damaged === 0 ? [] : [`${countOf(damaged, 'damaged row')} left out.`]),
    ...(snapshot === null ? [] : [`Copies are in ${snapshot}`]),
  ];
}
