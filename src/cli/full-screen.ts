/**
 * Full screen of a terminal: alternate screen, keys, and repainting. The terminal is left as it was on every exit, also
 * by a signal or an error, and while the process is stopped by Ctrl-Z. Control sequences: ECMA-48, and xterm for the
 * alternate screen.
 */
import { emitKeypressEvents } from 'node:readline';
import { openTerminal, plainTextOf, type Terminal, wrap } from './terminal.ts';

/** Size of a terminal that reports none or 0, such as a serial console, and the smallest size that is used. */
const WIDTH_UNKNOWN = 80;
const HEIGHT_UNKNOWN = 24;
const WIDTH_MIN = 40;
const HEIGHT_MIN = 8;

/** Text for a terminal that is too small for any screen, or `undefined`. @param columns 0 or absent: unknown */
export function tooSmallLines(columns: number | undefined, rows: number | undefined): string[] | undefined {
  const [width, height] = [columns || WIDTH_UNKNOWN, rows || HEIGHT_UNKNOWN];
  if (width >= WIDTH_MIN && height >= HEIGHT_MIN) return undefined;
  const words = `This view needs ${WIDTH_MIN} columns and ${HEIGHT_MIN} lines; this terminal has ${width} and ${height}. q quits.`;
  return wrap(words, width).slice(0, height);
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

/** Names of `node:readline`, or a printable character. */
export type ScreenKey = 'up' | 'down' | 'return' | 'escape' | 'backspace' | { readonly text: string };

export interface ScreenTerminal extends Terminal {
  /** Height in lines. */
  readonly height: number;
  /** Returns the text as this terminal can show it. */
  plain(text: string): string;
}

export interface FullScreenOptions {
  readonly pressed: (key: ScreenKey) => void;
  /** Called when the size has changed. */
  readonly resized: () => void;
  /** Called for Ctrl-C, Ctrl-D and signals. */
  readonly ended: () => void;
  readonly addressed: Terminal['addressed'];
}

/** True if a full screen is possible: input and output are terminals. */
export function canFillScreen(): boolean {
  return process.stdout.isTTY === true && process.stdin.isTTY === true;
}

/** Signals that end the program. SIGQUIT is sent by Ctrl-\ from another terminal; in raw mode no key sends a signal. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export class FullScreen {
  #isEntered = false;
  readonly #addressed: Terminal['addressed'];
  /** Removes the listeners of this screen. */
  readonly #release: () => void;

  constructor({ pressed, resized, ended, addressed }: FullScreenOptions) {
    this.#addressed = addressed;
    const { stdin, stdout } = process;
    this.#enter();
    emitKeypressEvents(stdin);
    const onKey = (text: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }): void => {
      if (ctrl === true && (name === 'c' || name === 'd')) return ended();
      if (ctrl === true && name === 'z') return this.#suspend();
      const key = keyOf(text, name);
      if (key !== undefined) pressed(key);
    };
    const onResumed = (): void => {
      this.#enter();
      resized();
    };
    const onCrash = (): void => this.leave(); // before the error is printed
    stdin.on('keypress', onKey);
    stdout.on('resize', resized);
    process.on('exit', onCrash).on('uncaughtExceptionMonitor', onCrash).on('SIGCONT', onResumed);
    for (const signal of END_SIGNALS) process.on(signal, ended);
    process.on('SIGTSTP', () => this.#suspend());
    this.#release = () => {
      stdin.off('keypress', onKey);
      stdout.off('resize', resized);
      process.off('SIGCONT', onResumed);
    };
  }

  /** The terminal with its present size. */
  get terminal(): ScreenTerminal {
    const { stdout, env } = process;
    return {
      ...openTerminal(stdout, env, this.#addressed),
      plain: plainTextOf(env),
      width: Math.max(WIDTH_MIN, stdout.columns || WIDTH_UNKNOWN),
      height: Math.max(HEIGHT_MIN, stdout.rows || HEIGHT_UNKNOWN),
    };
  }

  /** @param lines at most as many as the terminal has */
  paint(lines: readonly string[]): void {
    if (!this.#isEntered) return;
    const { plain } = this.terminal;
    const shown = tooSmallLines(process.stdout.columns, process.stdout.rows) ?? lines;
    const text = shown.map((line) => `${plain(line)}${ERASE_LINE}`).join('\r\n');
    process.stdout.write(`${HOME}${text}${ERASE_BELOW}`);
  }

  /** Restores the terminal. Idempotent. */
  leave(): void {
    this.#release();
    this.#restore();
  }

  #enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    process.stdout.write(ENTER);
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  #restore(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write(LEAVE);
  }

  /** Stops the process, as the shell expects of Ctrl-Z. The screen comes back with SIGCONT. */
  #suspend(): void {
    this.#restore();
    // SIGSTOP cannot be handled, so it stops this process although SIGTSTP has a listener
    process.kill(process.pid, 'SIGSTOP');
  }
}

function keyOf(text: string | undefined, name: string | undefined): ScreenKey | undefined {
  switch (name) {
    case 'up':
    case 'down':
    case 'return':
    case 'escape':
    case 'backspace':
      return name;
    default:
      return text !== undefined && /^[\x20-\x7e]$/.test(text) ? { text } : undefined;
  }
}
