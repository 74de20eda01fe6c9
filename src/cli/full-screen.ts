/**
 * Full screen of a terminal: alternate screen, keys, and repainting. The terminal is left as it was on every exit, also
 * by a signal or an error. Control sequences: ECMA-48, and xterm for the alternate screen.
 */
import { once } from 'node:events';
import { emitKeypressEvents } from 'node:readline';
import { openTerminal, type Terminal } from './terminal.ts';

/** Size of a terminal that reports none or 0, such as a serial console, and the smallest size that is used. */
const WIDTH_UNKNOWN = 80;
const HEIGHT_UNKNOWN = 24;
const WIDTH_MIN = 40;
const HEIGHT_MIN = 8;

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

/** Names of `node:readline`, or a printable character. */
export type ScreenKey = 'up' | 'down' | 'return' | 'escape' | 'backspace' | { readonly text: string };

export interface FullScreenOptions {
  readonly pressed: (key: ScreenKey) => void;
  /** Called when the size has changed. */
  readonly resized: () => void;
  /** Called for Ctrl-C, Ctrl-D and signals. */
  readonly ended: () => void;
}

/** True if a full screen is possible: input and output are terminals. */
export function canFillScreen(): boolean {
  return process.stdout.isTTY === true && process.stdin.isTTY === true;
}

export class FullScreen {
  #isEntered = true;

  constructor({ pressed, resized, ended }: FullScreenOptions) {
    const { stdin, stdout } = process;
    stdout.write(ENTER);
    stdin.setRawMode(true);
    emitKeypressEvents(stdin);
    stdin.on('keypress', (text: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }) => {
      if (ctrl === true && (name === 'c' || name === 'd')) return ended();
      const key = keyOf(text, name);
      if (key !== undefined) pressed(key);
    });
    stdout.on('resize', resized);
    process.once('exit', () => this.leave()); // also after an error
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) void once(process, signal).then(ended);
  }

  /** The terminal with its present size. */
  get terminal(): Terminal & { readonly height: number } {
    const { stdout, env } = process;
    return {
      ...openTerminal(stdout, env),
      width: Math.max(WIDTH_MIN, stdout.columns || WIDTH_UNKNOWN),
      height: Math.max(HEIGHT_MIN, stdout.rows || HEIGHT_UNKNOWN),
    };
  }

  /** @param lines at most as many as the terminal has */
  paint(lines: readonly string[]): void {
    process.stdout.write(`${HOME}${lines.map((line) => `${line}${ERASE_LINE}`).join('\r\n')}${ERASE_BELOW}`);
  }

  /** Restores the terminal. Idempotent. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write(LEAVE);
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
