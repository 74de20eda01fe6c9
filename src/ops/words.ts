/**
 * Numbers in words, for people: thousands separated, durations to two units, bytes in binary units.
 */
import type { DeviceIdentity } from '../base/device-note.ts';
import type { Age } from '../base/time.ts';
import type { LineErrors } from '../ports.ts';

/** Word for a number that is not finite. */
const UNKNOWN = 'unknown';
/** Largest number that is printed in full; no counter and no clock reaches this number. */
const COUNT_MAX = 1e18;

/** `1,204`. Implemented without Intl, which takes 12 ms to load, a tenth of `holdfast status`. */
export function countWords(count: number): string {
  if (!Number.isFinite(count)) return UNKNOWN;
  if (Math.abs(count) > COUNT_MAX)
    return count > 0 ? `over ${countWords(COUNT_MAX)}` : `under -${countWords(COUNT_MAX)}`;
  return BigInt(Math.round(count))
    .toString()
    .replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Largest number of links in a sentence. */
const LINKS_SHOWN_MAX = 4;

/** Sentence on messages that devices without acknowledgements sent while nothing read their lines; '' if there are none. */
export function unreadLinksWords(links: readonly string[]): string {
  if (links.length === 0) return '';
  const more = links.length > LINKS_SHOWN_MAX ? ` and ${links.length - LINKS_SHOWN_MAX} more` : '';
  const named = `link${links.length === 1 ? '' : 's'} ${links.slice(0, LINKS_SHOWN_MAX).join(', ')}${more}`;
  return `What devices without acknowledgements (${named}) sent in this time may be lost.`;
}

/** Returns `1 message`, `1,204 messages`; the plural is formed with s. */
export function countOf(count: number, noun: string): string {
  return `${countWords(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Duration in words: seconds under two minutes, minutes under two hours, `5 h 20 min`, `4 days 3 h`.
 * Rounds down; a negative duration is `0 s`.
 */
export function durationWords(signedMs: number): string {
  if (!Number.isFinite(signedMs)) return UNKNOWN;
  const ms = Math.max(0, signedMs);
  if (ms < 2 * MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  return ms < 2 * DAY_MS ? inTwo(ms, ['h', HOUR_MS], ['min', MINUTE_MS]) : inTwo(ms, ['days', DAY_MS], ['h', HOUR_MS]);
}

/** Time until something happens: `in 5 s`, or `at once` for less than a second. */
export function untilWords(ms: number): string {
  return ms < SECOND_MS ? 'at once' : `in ${durationWords(ms)}`;
}

/** Largest time that a Date can have, ms (ECMA-262 §21.4.1.1). */
const DATE_MS_MAX = 8.64e15;

/** `2026-07-01 12:00:00 UTC` of Unix ms. */
export function dateWords(unixMs: number): string {
  if (!(Math.abs(unixMs) <= DATE_MS_MAX)) return 'an impossible date';
  return `${new Date(unixMs)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace('T', ' ')} UTC`;
}

type Unit = readonly [name: string, ms: number];

function inTwo(ms: number, [large, largeMs]: Unit, [small, smallMs]: Unit): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${countWords(Math.floor(ms / largeMs))} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** `3 min`, or `at least 3 min` if the clock does not allow an exact value. */
export function ageWords(age: Age): string {
  return age.quality === 'exact' ? durationWords(age.ms) : `at least ${durationWords(age.ms)}`;
}

/** `about 3 min`; `unknown` for `null`. */
export function etaWords(etaMs: number | null): string {
  if (etaMs === null || !Number.isFinite(etaMs)) return UNKNOWN;
  return etaMs < 1000 ? 'under 1 s' : `about ${durationWords(etaMs)}`;
}

/** `0 B`, `512 B`, `1.2 KiB`, `38 MiB` */
export function bytesWords(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 'B';
  for (const larger of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (Math.round(value) < 1024) break;
    [value, unit] = [value / 1024, larger];
  }
  return `${unit !== 'B' && value < 10 ? value.toFixed(1) : countWords(value)} ${unit}`;
}

/** `0/s`, `under 0.1/s`, `0.4/s`, `1,250/s` */
export function rateWords(perS: number): string {
  if (perS > 0 && perS < 0.05) return 'under 0.1/s';
  return `${perS > 0 && perS < 10 ? perS.toFixed(1) : countWords(perS)}/s`;
}

/** `lost in 75 s unless it wakes`, for a subdevice that is asleep. */
export function sleepWords(lostInMs: number): string {
  return `lost in ${durationWords(lostInMs)} unless it wakes`;
}

/** Adds a full stop, unless the text ends as a sentence. */
export function withFullStop(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** Error counters of the kernel, or of the device server, for a port. */
export function kernelWords(errors: LineErrors | null): string {
  if (errors === null) return 'not reported by this port';
  const { overruns, bufferOverruns, framing, parity, breaks } = errors;
  const lost = `${countOf(overruns + bufferOverruns, 'byte')} lost`;
  return `${lost}, ${countWords(framing)} without a stop bit, ${countWords(parity)} of wrong parity, ${countOf(breaks, 'break')}`;
}

/** Escapes control characters, so that text from a subdevice cannot control the terminal. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `ACME PM5560, revision 1.20`; missing parts are left out. */
export function deviceWords({ vendor, product, revision }: DeviceIdentity): string {
  const name = [vendor, product].filter((part) => part !== '').join(' ');
  const parts = [name, revision === '' ? '' : `revision ${revision}`].filter((part) => part !== '');
  return parts.length === 0 ? 'a device without names' : parts.join(', ');
}
