/** `holdfast explain`: why a message is not sent, or why a subdevice, a link or the hub is silent. */
import { EXIT, Fault } from '../base/fault.ts';
import type { ExplainedMessage, ExplainReport, Explanation } from '../ops/explain/explain-report.ts';
import { ageWords, bytesWords, countWords, etaWords, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { labelled } from './status-view.ts';
import { hangOnScreen, hintLines, type Terminal, wrap } from './terminal.ts';

/** @throws Fault `usage` if nothing has the name */
export async function showExplain(context: CommandContext, name: string): Promise<number> {
  const report = await askRunning(context, '/v1/explain', `?of=${encodeURIComponent(name)}`);
  if (report.explanations.length === 0) throw unknownName(report);
  if (context.asJson) printJson(context, 'explain', report);
  else
    for (const [index, explanation] of report.explanations.entries())
      for (const line of [...(index === 0 ? [] : ['']), ...explanationLines(explanation, context.terminal)])
        context.terminal.print(line);
  return EXIT.ok;
}

function unknownName({ of, similar }: ExplainReport): Fault {
  const meant = similar.length === 0 ? '' : `Did you mean ${similar.join(' or ')}? `;
  return new Fault('usage', `No message, subdevice or link has the name ${printable(of)}`, {
    hint: `${meant}holdfast subdevices and holdfast links list the names; a message has a name such as u7-1234.`,
  });
}

export function explanationLines(explanation: Explanation, terminal: Terminal): string[] {
  const { kind, name, sentence, reasons, facts, message } = explanation;
  const title = terminal.tone('strong', kind === name ? name : `${kind} ${printable(name)}`);
  const why = reasons.flatMap(({ code, sentence: words, remedy }) => [
    ...hangOnScreen('  * ', printable(`${code}: ${words}`), terminal),
    ...(remedy === null ? [] : hintLines('    ', remedy, terminal)),
  ]);
  const rows = [
    ...(message === null ? [] : messageRows(message)),
    ...facts.map(({ label, text }) => [label, text] as const),
  ];
  return [
    title,
    ...(terminal.isScreen ? wrap(printable(sentence), terminal.width) : [printable(sentence)]),
    '',
    ...why,
    ...(rows.length === 0 ? [] : ['']),
    ...rows.flatMap(([label, text]) => labelled(label, [text], terminal)),
  ];
}

function messageRows(message: ExplainedMessage): (readonly [label: string, text: string])[] {
  const { custody, class: laneClass, before, laneMessages, bytesBefore, othersBefore, shedRules } = message;
  const place = rangeWords(before, 1);
  const bytes = bytesBefore === null || before.max === 0 ? '' : ` (${bytesWords(bytesBefore)})`;
  const others = othersBefore === 0 ? '' : `; at most ${countWords(othersBefore)} of others`;
  return [
    ['Topic', `${message.topic} (${bytesWords(message.bytes)}, age ${ageWords(message.age)})`],
    [
      'Place',
      `${custody === 'disk' ? 'on disk' : custody === 'RAM' ? 'in RAM' : 'being written to disk'}${laneClass === null ? '' : `, class ${laneClass}`}; message ${place} of ${countWords(laneMessages)} of ${message.subdevice}`,
    ],
    ['Ahead', `${before.max === 0 ? 'none' : rangeWords(before, 0)} of its subdevice${bytes}${others}`],
    ['When', whenWords(message)],
    ['Shed', shedRules.map(({ sentence }) => sentence).join(' ')],
  ];
}

/** `12`, `65 to 1,204` */
function rangeWords({ min, max }: ExplainedMessage['before'], from: number): string {
  return min === max ? countWords(min + from) : `${countWords(min + from)} to ${countWords(max + from)}`;
}

function whenWords({ when: { inMs, basis } }: ExplainedMessage): string {
  return inMs === null ? basis : `in ${etaWords(inMs)}. ${basis}`;
}
