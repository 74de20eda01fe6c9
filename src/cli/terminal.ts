/**
 * Output of the command line. Colours are used only on a terminal, and never if NO_COLOR is set. If the output is not a
 * terminal, the width is suitable for a log.
 */
import { styleText } from 'node:util';
import { printable } from '../ops/words.ts';

/** Meaning of a piece of text, and not its appearance. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';

export interface Terminal {
  /** Width in columns. */
  readonly width: number;
  /**
   * True if the output is a terminal: lines are wrapped at `width`. In a pipe, lines are not wrapped, so that other
   * programs can read them.
   */
  readonly isScreen: boolean;
  /**
   * Writes a line to standard output. Without UTF-8 in the locale, the signs of the program are replaced, unless the
   * line is `as is`: text for another program, such as JSON, or the content of a file.
   */
  print(line: string, form?: 'as is'): void;
  tone(tone: Tone, text: string): string;
  /** Returns a text whose commands address the gateway of this command line. Absent: no text is changed. */
  readonly addressed?: ((text: string) => string) | undefined;
}

/** Properties of standard output that this file uses. */
interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Smallest width, in columns. No table fits a smaller width. */
const WIDTH_MIN = 40;
/** Largest width, in columns. Longer lines are hard to read. */
const WIDTH_MAX = 120;
/** Width for a pipe or a file. */
const WIDTH_UNKNOWN = 100;
/** Width of a terminal that does not report one, such as a serial console: that of a VT100. */
const CONSOLE_WIDTH = 80;

const FORMAT = { good: 'green', warning: 'yellow', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

export function openTerminal(
  stream: TextStream,
  environment: NodeJS.ProcessEnv,
  addressed?: Terminal['addressed'],
): Terminal {
  // Any value of NO_COLOR that is not empty turns colours off (https://no-color.org).
  const plain = plainTextOf(environment);
  const isStyled = stream.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
  return {
    addressed,
    isScreen: stream.isTTY === true,
    width: Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, columnsOf(stream, environment) ?? WIDTH_UNKNOWN)),
    print: (line, form) => {
      stream.write(`${form === 'as is' ? line : plain(line)}\n`);
    },
    tone: (tone, text) => (isStyled ? styleText(FORMAT[tone], text, { validateStream: false }) : text),
  };
}

/**
 * Columns of a terminal. A serial console often reports 0: then COLUMNS counts, as for ls and ps, else 80.
 * @returns `undefined`: not a terminal
 */
export function columnsOf(
  { isTTY, columns }: Pick<TextStream, 'isTTY' | 'columns'>,
  environment: NodeJS.ProcessEnv,
): number | undefined {
  if (isTTY !== true) return columns;
  const wanted = Number(environment.COLUMNS);
  return columns || (Number.isInteger(wanted) && wanted > 0 ? wanted : CONSOLE_WIDTH);
}

/** Function that makes a text suitable for the locale, on a terminal and in a pipe alike (as systemctl and tree do). */
export function plainTextOf(environment: NodeJS.ProcessEnv): (text: string) => string {
  return isAsciiTerminal(environment) ? asciiOnly : (text) => text;
}

/** True if the locale of the environment has no UTF-8. Sources: locale(7), order of LC_ALL, LC_CTYPE, LANG. */
export function isAsciiTerminal(environment: NodeJS.ProcessEnv): boolean {
  const locale = [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find((value) => (value ?? '') !== '');
  return !/utf-?8/i.test(locale ?? '');
}

/** Signs of the program's own texts and their replacements, of the same width. */
const ASCII: Readonly<Record<string, string>> = {
  '·': '-',
  '…': '~',
  '→': '>',
  '▶': '>',
  '–': '-',
  '−': '-',
  '─': '-',
  '×': 'x',
  '’': "'",
  '°': ' ',
};

/** Replaces signs of the program that a terminal without UTF-8 cannot show. The width stays the same. */
export function asciiOnly(text: string): string {
  return text.replaceAll(/[^\u0000-\u007f]/gu, (sign) => ASCII[sign] ?? sign);
}

/** Place where a line may be broken: a space, except a space between a number and its unit. */
const BREAK = /(?<!\d) | (?!(?:s|min|h|days?|%|[KMGT]?i?B)(?![A-Za-z]))/;

/** Breaks a sentence into lines of at most `width`; a word longer than `width` is broken too. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(BREAK).flatMap((each) => pieces(each, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || longer.length <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const all: string[] = [];
  for (let rest = word; ; rest = rest.slice(width)) {
    all.push(rest.slice(0, width));
    if (rest.length <= width) return all;
  }
}

/** Returns the first `linesMax` lines. If others are left out, the last line ends with `…` and the tail. */
export function cut(lines: readonly string[], linesMax: number, width: number, tail = ''): string[] {
  if (lines.length <= linesMax) return [...lines];
  const kept = lines.slice(0, linesMax);
  const last = kept.pop() ?? '';
  return [...kept, `${last.slice(0, width - 1 - tail.length).trimEnd()}…${tail}`];
}

/** Returns a sentence with a mark in front. Continuation lines are aligned with the text of the first line. */
export function hang(mark: string, text: string, width: number): string[] {
  const margin = ' '.repeat(mark.length);
  return wrap(text, width - mark.length).map((line, index) => `${index === 0 ? mark : margin}${line}`);
}

/**
 * Returns the lines of a remedy, behind an arrow. The only place that shows remedies: their commands get the options that
 * address the same gateway.
 */
export function hintLines(indent: string, hint: string, terminal: Terminal): string[] {
  const text = printable(hint);
  return hangOnScreen(`${indent}-> `, terminal.addressed?.(text) ?? text, terminal);
}

/** Returns the same lines as `hang`, but a single line if the output is not a terminal. */
export function hangOnScreen(mark: string, text: string, { isScreen, width }: Terminal): string[] {
  return isScreen ? hang(mark, text, width) : [`${mark}${text}`];
}

/** Lines for the problems of a store that was read offline, with one sentence for each problem. */
export function findingLines(findings: readonly string[], terminal: Terminal): string[] {
  return findings.flatMap((finding) =>
    hang('  ! ', printable(`At the next start: ${finding}.`), terminal.width).map((line) => terminal.tone('bad', line)),
  );
}

/** First lines of a report that was read from the store of a gateway that does not run. */
export function offlineLines(
  sentence: string,
  report: { readonly hint: string; readonly findings: readonly string[]; readonly unknown: readonly string[] },
  terminal: Terminal,
): string[] {
  const doubt = report.unknown.length === 0 ? '' : ` Messages may be missing: ${report.unknown.join('; ')}.`;
  return [
    ...wrap(printable(`${sentence}${doubt}`), terminal.width),
    ...hintLines('  ', report.hint, terminal),
    ...findingLines(report.findings, terminal),
  ];
}
