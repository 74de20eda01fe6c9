/**
 * Display of the story: a frame redrawn in place on a terminal, plain lines on any other stream.
 *
 * A frame is written in one call, and every line clears its remainder, so the display does not flicker.
 */

import type { Plan } from './demo-plan.ts';
import { type Paint, paintFor, symbolsFor } from './paint.ts';
import { ACTS, type Scene } from './scene.ts';
import { FRAME_LINES, FRAME_WIDTH_MIN, frameOf, logLineOf } from './scene-frame.ts';

export interface Screen {
  readonly paint: Paint;
  readonly width: number;
  print(lines: readonly string[]): void;
  show(scene: Scene): void;
  /** Restores the terminal after the last scene. Idempotent. */
  close(): void;
}

/** Needed part of a standard stream. */
interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): boolean;
}

const WIDTH_UNKNOWN = 80;
/** Approximate number of log lines of one run; never more than one in two seconds. */
const LOG_LINES = 20;
const LOG_EVERY_MS_MIN = 2000;

/** ECMA-48: hide and show the cursor, clear to the end of the line, to the end of the screen, all. */
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_ALL = '\x1b[2J\x1b[H';

export function openScreen(stream: TextStream, environment: NodeJS.ProcessEnv, plan: Plan): Screen {
  const symbols = symbolsFor(environment);
  const paint = paintFor(stream, environment);
  const width = stream.columns ?? WIDTH_UNKNOWN;
  const print = (lines: readonly string[]): void => {
    for (const line of lines) stream.write(`${symbols(line)}\n`);
  };
  const isLarge = width >= FRAME_WIDTH_MIN && (stream.rows ?? 0) > FRAME_LINES;
  const isLive = stream.isTTY === true && environment.TERM !== 'dumb' && isLarge;
  const shown = isLive ? liveFrame(stream, paint, symbols) : log(print, plan);
  return { paint, width, print, ...shown };
}

type Shown = Pick<Screen, 'show' | 'close'>;

function liveFrame(stream: TextStream, paint: Paint, symbols: (text: string) => string): Shown {
  let drawnColumns: number | undefined;
  return {
    show(scene) {
      const columns = stream.columns ?? WIDTH_UNKNOWN;
      // A new width wraps the drawn lines, so they are no longer in place.
      const toStart = drawnColumns === columns ? `\x1b[${FRAME_LINES}A` : CLEAR_ALL;
      const start = drawnColumns === undefined ? HIDE_CURSOR : toStart;
      drawnColumns = columns;
      const lines = frameOf(scene, columns, paint).map((line) => `${symbols(line)}${CLEAR_LINE}\n`);
      stream.write(`${start}${lines.join('')}${CLEAR_BELOW}`);
    },
    close() {
      if (drawnColumns !== undefined) stream.write(SHOW_CURSOR);
      drawnColumns = undefined;
    },
  };
}

function log(print: (lines: readonly string[]) => void, plan: Plan): Shown {
  const everyMs = Math.max(LOG_EVERY_MS_MIN, (plan.seconds * 1000) / LOG_LINES);
  let act: number | undefined;
  let nextMs = 0;
  return {
    show(scene) {
      if (scene.act !== act) {
        act = scene.act;
        const { title, why } = ACTS[scene.act];
        print(['', `${scene.act + 1}  ${title}`, `   ${why}`]);
      }
      if (scene.elapsedMs < nextMs) return;
      nextMs = scene.elapsedMs + everyMs;
      print([logLineOf(scene)]);
    },
    close: () => undefined,
  };
}
