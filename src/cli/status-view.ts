/**
 * Screen of `holdfast status`: first the answer whether data is being lost, then the state of each part, always in the
 * same order, then the conditions with their remedies.
 */
import type { Losing, StatusReport } from '../ops/reports/report.ts';
import { printable } from '../ops/words.ts';
import { conditionLines, TONE } from './condition-lines.ts';
import { partsOf, type StatusPart } from './status-parts.ts';
import { cut, type Terminal, wrap } from './terminal.ts';

/** Number of columns for the labels at the left, including a gap. */
const LABEL_WIDTH = 12;

/** Number of lines of the screen: the 24 lines of a terminal, less one line for the prompt. */
const SCREEN_LINES = 23;
const VERDICT_LINES_MAX = 2;

/**
 * Fills a screen of 24 lines: each part in short, the conditions, and then as many parts in full as have room.
 * `holdfast conditions` shows conditions that have no room.
 */
export function renderStatus(report: StatusReport, terminal: Terminal): string[] {
  const verdict = renderVerdict(report.losing, verdictOf(report), terminal);
  const blocks: Block[] = [
    { short: cut(verdict, VERDICT_LINES_MAX, terminal.width), full: verdict },
    ...partsOf(report).map((part) => blockOf(part, terminal)),
  ];
  const shortLines = blocks.reduce((sum, { short }) => sum + short.length, 0);
  const conditions = conditionLines(report.conditions, terminal, SCREEN_LINES - shortLines);
  let room = SCREEN_LINES - shortLines - conditions.length;
  const [top = [], ...parts] = blocks.map(({ short, full }) => {
    const more = full.length - short.length;
    if (more > room) return short;
    room -= more;
    return full;
  });
  return [...top, ...(room > 0 ? [''] : []), ...parts.flat(), ...conditions];
}

interface Block {
  readonly short: readonly string[];
  readonly full: readonly string[];
}

/** Verdict of the report; a sentence that the first condition on the same screen repeats is replaced by a reference. */
function verdictOf({ sentence, conditions }: StatusReport): string {
  const [first] = conditions;
  return first === undefined ? sentence : sentence.replace(`${first.sentence} `, 'The first condition says why. ');
}

/** Lines with the label at the left; the short ones are cut at the width of the terminal. */
function blockOf({ label, lines, short }: StatusPart, terminal: Terminal): Block {
  const room = terminal.width - LABEL_WIDTH;
  const shortened = short.map((line, index) => {
    const text = printable(line);
    const shown = text.length <= room ? text : `${text.slice(0, room - 1).trimEnd()}…`;
    return `${terminal.tone('strong', (index === 0 ? label : '').padEnd(LABEL_WIDTH))}${shown}`;
  });
  return { short: shortened, full: labelled(label, lines, terminal) };
}

export function renderVerdict(losing: Losing, sentence: string, terminal: Terminal): string[] {
  const [first = '', ...rest] = wrap(`Losing data? ${printable(sentence)}`, terminal.width);
  // The answer is the first sentence of the verdict: "No.", "Not yet.", "Unknown." or "Yes."
  const answer = first.indexOf('. ') + 1 || first.length;
  return [`${terminal.tone(TONE[losing], first.slice(0, answer))}${first.slice(answer)}`, ...rest];
}

/** Returns lines with the label at the left of the first. Continuation lines are indented further. */
export function labelled(label: string, lines: readonly string[], terminal: Terminal): string[] {
  const beside = lines.flatMap((line) => {
    const [first = '', ...rest] = wrap(printable(line), terminal.width - LABEL_WIDTH - 2);
    return [first, ...rest.map((further) => `  ${further}`)];
  });
  return beside.map(
    (line, index) => `${terminal.tone('strong', (index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`,
  );
}
