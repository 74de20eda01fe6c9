/**
 * Journal: one line per event, for a technician or for a machine.
 *
 * Text from outside (client ids, topics, reasons) is only used as detail, never as event, and cannot forge a line or
 * move the cursor: control characters are escaped. Under systemd a line starts with its priority (sd-daemon(3)) and has
 * no timestamp, since journald adds its own. Writes are synchronous, so that no line before a crash is lost. The length
 * of a line is limited, since a topic alone may have 65,535 bytes.
 */
import { fstatSync } from 'node:fs';
import pino from 'pino';

export interface Journal {
  debug(event: string, detail?: Detail): void;
  info(event: string, detail?: Detail): void;
  warn(event: string, detail?: Detail): void;
  error(event: string, detail?: Detail): void;
}

export type Detail = Readonly<Record<string, unknown>>;
export type JournalLevel = 'debug' | 'info' | 'warn' | 'error';

const EVENT_LENGTH_MAX = 1000;
/** Largest length of one detail, characters. A stack, which has about 2,000 characters, fits. */
const DETAIL_LENGTH_MAX = 4000;

export interface JournalOptions {
  readonly level: JournalLevel;
  readonly format: 'text' | 'json';
  /** Writes a line that ends in a line feed. Default: standard error. */
  readonly write?: (line: string) => void;
  /** True if journald reads standard error. Default: detected. */
  readonly isUnderSystemd?: boolean;
}

/** Line of pino. `time`: ISO 8601, absent under systemd. */
interface Entry {
  readonly level: JournalLevel;
  readonly time?: string;
  readonly detail: Detail;
  readonly event: string;
}

/** Priorities of syslog(3), which journald reads from the start of a line. */
const PRIORITIES: Readonly<Record<JournalLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
/** Colours of the levels at a terminal (ECMA-48 §8.3.117). */
const COLOURS: Readonly<Record<JournalLevel, number>> = { debug: 34, info: 32, warn: 33, error: 31 };

/** Journal whose level can change. */
export interface AdjustableJournal extends Journal {
  setLevel(level: JournalLevel): void;
}

export function createJournal(options: JournalOptions): AdjustableJournal {
  const isUnderSystemd = options.isUnderSystemd ?? isJournalStream(process.env.JOURNAL_STREAM);
  const isColoured = !isUnderSystemd && options.write === undefined && process.stderr.isTTY === true;
  const stderr = pino.destination({ dest: 2, sync: true });
  const write = options.write ?? ((line: string) => stderr.write(line));
  const format = options.format === 'text' ? (line: string) => textOf(JSON.parse(line), isColoured) : escapeControls;
  let level: JournalLevel = 'info';
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'event',
      timestamp: isUnderSystemd ? false : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => write(`${isUnderSystemd ? `<${PRIORITIES[level]}>` : ''}${format(line.trimEnd())}\n`) },
  );
  const at =
    (own: JournalLevel) =>
    (event: string, detail: Detail = {}): void => {
      if (!logger.isLevelEnabled(own)) return;
      level = own;
      logger[own]({ detail: plain(detail) }, shortened(event, EVENT_LENGTH_MAX));
    };
  const setLevel = (own: JournalLevel): void => {
    logger.level = own;
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), setLevel };
}

/**
 * Checks JOURNAL_STREAM, which holds device and inode of the stream. A redirection makes it stale (systemd.exec(5)).
 */
export function isJournalStream(stream: string | undefined, fd = 2): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Returns `[time] LEVEL: event key=value …`; under systemd, which adds time and level, `event key=value …`. */
function textOf({ level, time, detail, event }: Entry, isColoured: boolean): string {
  const text = `${escapeControls(event)}${describe(detail)}`;
  if (time === undefined) return text;
  const word = level.toUpperCase();
  return `[${localTime(new Date(time))}] ${isColoured ? `\u001b[${COLOURS[level]}m${word}\u001b[39m` : word}: ${text}`;
}

/** Returns for example `2026-03-01 09:30:00.125`, in the time zone of the machine. */
function localTime(time: Date): string {
  const day = [time.getFullYear(), pad(time.getMonth() + 1, 2), pad(time.getDate(), 2)].join('-');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => pad(part, 2)).join(':');
  return `${day} ${clock}.${pad(time.getMilliseconds(), 3)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

/** Returns ` key=value …`. Only plain words have no quotes. */
function describe(detail: Detail): string {
  return Object.entries(detail)
    .map(([key, value]) => {
      const text = typeof value === 'string' && /^[\w.:/+@-]+$/.test(value) ? value : JSON.stringify(value);
      return ` ${escapeControls(key)}=${escapeControls(text)}`;
    })
    .join('');
}

/** Replaces values that JSON cannot represent by text, and drops undefined ones. */
function plain(detail: Detail): Detail {
  const entries = Object.entries(detail).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return shortened(value.stack ?? value.message, DETAIL_LENGTH_MAX);
  if (typeof value === 'string') return shortened(value, DETAIL_LENGTH_MAX);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value);
  return value;
}

/** Removes the middle of a long text, since the end of a sentence often has the reason. */
function shortened(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const head = Math.floor(lengthMax * 0.7);
  const tail = lengthMax - head;
  return `${text.slice(0, head)}… (${text.length - lengthMax} more characters) …${text.slice(-tail)}`;
}

/** C0, DEL, C1, and the Unicode characters that break or reverse a line. JSON escapes only C0. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
