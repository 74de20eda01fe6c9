/** Moments on the command line: a time before now (`24h`, `7d`), a local date and time, or a local time of day. */
import { InvalidArgumentError } from 'commander';
import { durationIn } from './duration.ts';

const DAY_MS = 86_400_000;
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/;
const TIME = /^(\d\d):(\d\d)$/;

/** @returns Unix ms; `undefined` for any other text */
export function momentIn(text: string, nowMs: number): number | undefined {
  const ago = durationIn(text);
  if (ago !== undefined) return nowMs - ago;
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = DATE.exec(text) ?? [];
  if (year !== undefined && month !== undefined && day !== undefined) {
    const [months, days] = [Number(month), Number(day)];
    const date = new Date(Number(year), months - 1, days, Number(hour), Number(minute), Number(second));
    const isReal = date.getMonth() === months - 1 && date.getDate() === days && Number(hour) < 24;
    return isReal && Number(minute) < 60 && Number(second) < 60 ? date.getTime() : undefined;
  }
  const [, hours, minutes] = TIME.exec(text) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const today = new Date(nowMs);
  today.setHours(Number(hours), Number(minutes), 0, 0);
  return today.getTime() > nowMs ? today.getTime() - DAY_MS : today.getTime();
}

/** Reader of an option value. @returns Unix ms */
export function moment(text: string): number {
  const found = momentIn(text, Date.now());
  if (found !== undefined) return found;
  throw new InvalidArgumentError('Allowed: a time before now (90m, 24h, 7d), a date (2026-11-01), or a local time.');
}

/** `2026-11-29 14:03`, in the local time of this machine; with seconds if asked. */
export function localTime(unixMs: number, hasSeconds = false): string {
  const at = new Date(unixMs);
  const two = (number: number): string => String(number).padStart(2, '0');
  const seconds = hasSeconds ? `:${two(at.getSeconds())}` : '';
  return `${localDate(unixMs)} ${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}

/** `2026-11-29` */
export function localDate(unixMs: number): string {
  const at = new Date(unixMs);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Offset of the local time, e.g. `UTC+2`, `UTC+5:30`, `UTC`. */
export function zoneWords(unixMs: number): string {
  const minutes = -new Date(unixMs).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes > 0 ? '+' : '-'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}
