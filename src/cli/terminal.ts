/**
 * Where the command line writes. Colours only on a terminal and never against NO_COLOR; the width of the terminal, and
 * without one a width that suits a log.
 */
import { styleText } from 'node:util';
import { printable } from '../ops/words.ts';

/** What a piece of text is, not how it looks. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';

export interface Terminal {
  /** Columns. */
  readonly width: number;
  /** Somebody looks at it: lines are broken at `width`. Into a pipe each stays whole, for other programs. */
  readonly isScreen: boolean;
  /** Writes a line to standard output. */
  print(line: string): void;
  tone(tone: Tone, text: string): string;
}

/** The part of standard output that is needed here. */
interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Too narrow for any table: wrapping further makes nothing better. */
const WIDTH_MIN = 40;
/** Lines longer than this are hard to read, however wide the screen. */
const WIDTH_MAX = 120;
/** Of a pipe, a file, a serial console that does not say. */
const WIDTH_UNKNOWN = 100;

const FORMAT = { good: 'green', warning: 'yellow', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

export function openTerminal(stream: TextStream, environment: NodeJS.ProcessEnv): Terminal {
  // https://no-color.org: any value that is not empty.
  const isStyled = stream.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
  return {
    isScreen: stream.isTTY === true,
    width: Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, stream.columns ?? WIDTH_UNKNOWN)),
    print: (line) => {
      stream.write(`${line}\n`);
    },
    tone: (tone, text) => (isStyled ? styleText(FORMAT[tone], text, { validateStream: false }) : text),
  };
}

/** A space, but none between a number and its unit. */
const BREAK = /(?<!\d) | (?!(?:s|min|h|days?|%|[KMGT]?i?B)(?![A-Za-z]))/;

/** Breaks a sentence into lines of at most `width`; a longer word is broken too. */
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

/** The first `linesMax` lines; if others are left out, the last line ends with `…` and the tail. */
export function cut(lines: readonly string[], linesMax: number, width: number, tail = ''): string[] {
  if (lines.length <= linesMax) return [...lines];
  const kept = lines.slice(0, linesMax);
  const last = kept.pop() ?? '';
  return [...kept, `${last.slice(0, width - 1 - tail.length).trimEnd()}…${tail}`];
}

/** A sentence behind a mark, its further lines below its first. */
export function hang(mark: string, text: string, width: number): string[] {
  const margin = ' '.repeat(mark.length);
  return wrap(text, width - mark.length).map((line, index) => `${index === 0 ? mark : margin}${line}`);
}

/** As `hang`, in one line where nobody looks. */
export function hangOnScreen(mark: string, text: string, { isScreen, width }: Terminal): string[] {
  return isScreen ? hang(mark, text, width) : [`${mark}${text}`];
}

/** What is wrong with a store that was read offline, each finding as a sentence of its own. */
export function findingLines(findings: readonly string[], terminal: Terminal): string[] {
  return findings.flatMap((finding) =>
    hang('  ! ', printable(`At the next start: ${finding}.`), terminal.width).map((line) => terminal.tone('bad', line)),
  );
}
