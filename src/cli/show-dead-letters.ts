/**
 * `holdfast dead-letters list|show`: messages abandoned after repeated failures. If no gateway runs, the messages are
 * read from the store.
 */
import { EXIT, Fault } from '../base/fault.ts';
import { ask } from '../ops/api/control-client.ts';
import {
  type DeadLetterReport,
  type DeadLettersReport,
  deadLettersReportOf,
  queryOf,
} from '../ops/reports/dead-letter-report.ts';
import { ageWords, bytesWords, countOf, countWords, printable } from '../ops/words.ts';
import { numberIn } from './change-dead-letters.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { heldPacketLines } from './held-packet-lines.ts';
import { hexLines } from './hex-lines.ts';
import { locateGateway, storeOf } from './location.ts';
import { WAITING_FOR_GATEWAY, withNotice } from './notice.ts';
import { readOfflineLetters } from './read-store.ts';
import { labelled } from './status-view.ts';
import { renderTable } from './table.ts';
import { type Terminal, wrap } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'number', align: 'right' },
  { heading: 'subdevice', shrinks: true },
  { heading: 'topic', shrinks: true },
  { heading: 'bytes', align: 'right' },
  { heading: 'accepted' },
  { heading: 'attempts', align: 'right' },
];

export async function listDeadLetters(
  context: CommandContext,
  options: { readonly after: number; readonly limit: number },
): Promise<number> {
  const report = await readReport(context, { after: options.after, limit: options.limit });
  if (context.asJson) printJson(context, 'dead-letters', report);
  else for (const line of renderLetters(report, context.terminal)) context.terminal.print(line);
  return EXIT.ok;
}

/** @throws Fault `usage` if there is no such dead letter */
export async function showDeadLetter(context: CommandContext, word: string): Promise<number> {
  const { letters } = await readReport(context, { after: 0, limit: 1, only: [numberIn(word)] });
  const [letter] = letters;
  if (letter === undefined)
    throw new Fault('usage', `There is no dead letter ${word}`, { hint: 'holdfast dead-letters list shows them.' });
  if (context.asJson) printJson(context, 'dead-letter', letter);
  else for (const line of renderLetter(letter, context.terminal)) context.terminal.print(line);
  return EXIT.ok;
}

async function readReport(context: CommandContext, request: Parameters<typeof queryOf>[0]): Promise<DeadLettersReport> {
  const places = await locateGateway(context);
  const asked = await withNotice(WAITING_FOR_GATEWAY, ask(places.controlSocket, '/v1/dead-letters', queryOf(request)));
  if (asked.kind === 'answered') return asked.report;
  if (asked.kind === 'stalled') throw asked.fault;
  const reading = await readOfflineLetters(storeOf(places, asked.fault), request, asked.fault);
  return deadLettersReportOf({ request, ...reading, ageOf: () => null, heldPackets: [] });
}

function renderLetters(report: DeadLettersReport, terminal: Terminal): string[] {
  const { letters, kept, keptMax, gone, next, setAside } = report;
  const aside = setAside.flatMap((packet) => ['', ...heldPacketLines(packet, terminal)]);
  const made = gone === 0 ? '' : ` ${countOf(gone, 'older dead letter')} deleted to make room.`;
  if (kept === 0) return [...wrap(`There are no dead letters.${made}`, terminal.width), ...aside];
  const summary = `${countOf(kept, 'dead letter')} of at most ${countWords(keptMax)}.${made}`;
  const more = next === null ? [] : ['', `More: holdfast dead-letters list --after ${next}`];
  const table = renderTable(COLUMNS, letters.map(cells), terminal);
  return [...wrap(summary, terminal.width), '', table, ...more, ...aside];
}

function cells(letter: DeadLetterReport): string[] {
  return [
    String(letter.id),
    letter.subdevice,
    printable(letter.topic),
    countWords(letter.bytes),
    acceptedWords(letter),
    letter.whole ? countWords(letter.attempts) : 'damaged',
  ];
}

function acceptedWords({ age }: DeadLetterReport): string {
  return age === null ? '-' : `${ageWords(age)} ago`;
}

function whyWords({ reason, whole }: DeadLetterReport): string {
  return whole ? reason : 'damaged on disk';
}

function renderLetter(letter: DeadLetterReport, terminal: Terminal): string[] {
  const { payload } = letter;
  const lines = (label: string, ...beside: string[]): string[] => labelled(label, beside, terminal);
  const cut = payload?.cut === true ? ', first part only' : '';
  return [
    ...lines('Number', String(letter.id)),
    ...lines('From', letter.subdevice),
    ...lines('Topic', letter.topic),
    ...(letter.retain ? lines('Retain', 'yes') : []),
    ...lines('Accepted', acceptedWords(letter)),
    ...lines('Why', whyWords(letter)),
    ...lines('Payload', `${bytesWords(letter.bytes)}${cut}:`),
    '',
    ...(payload?.text == null
      ? hexLines(Buffer.from(payload?.hex ?? '', 'hex'))
      : payload.text.split('\n').map((line) => `  ${printable(line)}`)),
  ];
}
