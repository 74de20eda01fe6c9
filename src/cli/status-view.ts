/**
 * Screen of `holdfast status`: first the answer whether data is being lost, then the state of each part, always in the
 * same order, then the conditions with their remedies. The last line of a shortened screen names the command that shows
 * the whole text.
 */
import type { Losing, StatusReport } from '../ops/reports/report.ts';
import { printable } from '../ops/words.ts';
import { ALL_CONDITIONS, allConditionLines, CONDITIONS_IN_FULL, conditionLines, TONE } from './condition-lines.ts';
import { partsOf, type StatusPart } from './status-parts.ts';
import { cut, type Terminal, wrap } from './terminal.ts';

/** Number of columns for the labels at the left, including a gap. */
const LABEL_WIDTH = 12;

/** Number of lines of the screen: the 24 lines of a terminal, less one line for the prompt. */
const SCREEN_LINES = 23;
const VERDICT_LINES_MAX = 2;

const FULL = 'in full: holdfast status --full';

/** Every part and condition in full, in as many lines as they need: for `--full` and for a pipe. */
export function renderFullStatus(report: StatusReport, terminal: Terminal): string[] {
  return [
    ...renderVerdict(report.losing, verdictOf(report), terminal),
    '',
    ...partsOf(report, terminal.width - LABEL_WIDTH).flatMap(({ label, lines }) => labelled(label, lines, terminal)),
    ...allConditionLines(report.conditions, terminal),
  ];
}

/**
 * Fills a screen of 24 lines. If a text is shortened, the last line names the command that shows the whole text.
 * @param above lines of warnings on the same screen
 */
export function renderStatus(report: StatusReport, terminal: Terminal, above = 0): string[] {
  const linesMax = SCREEN_LINES - above;
  const { lines, isShortened } = fitted(report, terminal, linesMax);
  if (!isShortened) return lines;
  if (lines.length < linesMax) return [...lines, `  ${FULL}`];
  const last = lines.at(-1) ?? '';
  if (!last.endsWith(ALL_CONDITIONS)) return [...fitted(report, terminal, linesMax - 1).lines, `  ${FULL}`];
  // the full status contains the conditions in full, too
  if (last === CONDITIONS_IN_FULL) return [...lines.slice(0, -1), `  ${FULL}`];
  const both = `${last} · ${FULL}`;
  return [...lines.slice(0, -1), both.length <= terminal.width ? both : `  ${FULL}`];
}

/** Each part in short, the conditions, and then as many parts in full as have room. */
function fitted(
  report: StatusReport,
  terminal: Terminal,
  linesMax: number,
): { readonly lines: string[]; readonly isShortened: boolean } {
  const verdict = renderVerdict(report.losing, verdictOf(report), terminal);
  const blocks: Block[] = [
    { short: cut(verdict, VERDICT_LINES_MAX, terminal.width), full: verdict, isCut: false },
    ...partsOf(report, terminal.width - LABEL_WIDTH).map((part) => blockOf(part, terminal)),
  ];
  const shortLines = blocks.reduce((sum, { short }) => sum + short.length, 0);
  const conditions = conditionLines(report.conditions, terminal, linesMax - shortLines);
  let room = linesMax - shortLines - conditions.length;
  let isShortened = false;
  const [top = [], ...parts] = blocks.map(({ short, full, isCut }) => {
    const more = full.length - short.length;
    if (more <= room) {
      room -= more;
      return full;
    }
    isShortened ||= isCut || more > 0;
    return short;
  });
  return { lines: [...top, ...(room > 0 ? [''] : []), ...parts.flat(), ...conditions], isShortened };
}

interface Block {
  readonly short: readonly string[];
  readonly full: readonly string[];
  /** True if a short line does not show its whole text. */
  readonly isCut: boolean;
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
  const isCut = short.some((line) => printable(line).length > room);
  return { short: shortened, full: labelled(label, lines, terminal), isCut };
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
