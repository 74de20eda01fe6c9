/**
 * Conditions on a screen: what happened, what it means, what to do. The worst conditions come first, and the number of
 * lines is limited.
 */
import type { Condition, Losing } from '../ops/reports/report.ts';
import { countWords, durationWords, printable } from '../ops/words.ts';
import { cut, hang, hintLines, type Terminal, type Tone } from './terminal.ts';

export const TONE: Readonly<Record<Losing, Tone>> = { no: 'good', 'at risk': 'warning', unknown: 'bad', yes: 'bad' };

/** Largest number of conditions shown. Further conditions are only counted. */
const CONDITIONS_SHOWN_MAX = 5;
/** Number of lines of a shortened condition: one for the sentence and one for the hint. */
const CONDITION_LINES_MIN = 2;
export const ALL_CONDITIONS = 'holdfast conditions';

interface ConditionText {
  readonly tone: Tone;
  readonly sentence: readonly string[];
  readonly forWords: string;
  readonly hint: readonly string[];
}

/** Last line if each condition is shown, and not all of their text. */
export const CONDITIONS_IN_FULL = `  in full: ${ALL_CONDITIONS}`;

/** Returns all conditions, in full. */
export function allConditionLines(conditions: readonly Condition[], terminal: Terminal): string[] {
  return conditions.flatMap((condition) => ['', ...linesOf(textOf(condition, terminal), terminal)]);
}

/**
 * Returns the worst conditions in at most `linesMax` lines. The first conditions get the most room.
 * @param linesMax at least two lines for each condition shown, and one more
 */
export function conditionLines(conditions: readonly Condition[], terminal: Terminal, linesMax: number): string[] {
  const shown = conditions.slice(0, CONDITIONS_SHOWN_MAX).map((condition) => textOf(condition, terminal));
  const more = conditions.length - shown.length;
  const rest = more === 0 ? [] : ['', `  and ${countWords(more)} more: ${ALL_CONDITIONS}`];
  const full = [...shown.flatMap((text) => ['', ...linesOf(text, terminal)]), ...rest];
  if (full.length <= linesMax) return full;
  let left = linesMax - 1;
  const short = shown.flatMap((text, index) => {
    const lines = shortened(text, left - CONDITION_LINES_MIN * (shown.length - 1 - index), terminal);
    left -= lines.length;
    return lines;
  });
  return [...short, more === 0 ? CONDITIONS_IN_FULL : `  and ${countWords(more)} more: ${ALL_CONDITIONS}`];
}

function textOf({ sentence, losing, forMs, hint }: Condition, terminal: Terminal): ConditionText {
  const forWords = ` For ${durationWords(forMs)}.`;
  return {
    tone: losing === 'no' ? 'warning' : TONE[losing],
    sentence: hang('  ! ', `${printable(sentence)}${forWords}`, terminal.width),
    forWords,
    hint: hint === null ? [] : hintLines('    ', hint, terminal),
  };
}

function linesOf({ sentence, tone, hint }: ConditionText, terminal: Terminal): string[] {
  return [...sentence.map((line) => terminal.tone(tone, line)), ...hint];
}

function shortened(text: ConditionText, linesMax: number, terminal: Terminal): string[] {
  const { sentence, hint, forWords } = text;
  const hintMax = Math.min(hint.length, Math.max(1, linesMax - sentence.length));
  return linesOf(
    {
      ...text,
      sentence: cut(sentence, linesMax - hintMax, terminal.width, forWords),
      hint: cut(hint, hintMax, terminal.width),
    },
    terminal,
  );
}
