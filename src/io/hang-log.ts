/**
 * Hangs that ended a process of this gateway, in a small file beside the control socket. Under systemd that directory is
 * a tmpfs: the file can be written while a card hangs, and a reboot clears it. The file may be missing, torn or hostile:
 * lines that do not match the format are ignored. Used by the main thread and by the thread that watches it.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { readRegularFile } from './regular-file.ts';

export interface Hang {
  /** CLOCK_MONOTONIC ms at which the hang was detected. */
  readonly upMs: number;
  /** Part of the gateway that hung: a source of `ops/watchdog/work-progress.ts`, or `event-loop`. */
  readonly source: string;
  /** Thing that the part waited for, e.g. a device; '' if there is one only. */
  readonly subject: string;
  /** Time for which nothing moved on until the detection, ms. */
  readonly forMs: number;
  /** Sentence that says what happened, without a full stop and without the time. */
  readonly what: string;
  /** Place in the program, or in the kernel; '' if it is unknown. */
  readonly where: string;
  /** True if the main thread wrote recordings while it hung. */
  readonly hasRecordings: boolean;
  /** True if a later process has reported the hang as an event. */
  readonly isReported: boolean;
  /** True if an operator has handled the loss that the hang may have caused (`holdfast acknowledge-loss`). */
  readonly isHandled: boolean;
}

/** Name of the file. */
export const HANGS_FILE = 'hangs';
/** Largest number of hangs kept: a hang takes at least half a minute, so these are the hangs of some minutes. */
const HANGS_MAX = 16;
const FILE_BYTES_MAX = 64 * 1024;
const WORDS_MAX = 400;

/** Returns the hangs of this boot, latest last. Never throws. */
export function readHangs(path: string, nowMs: number): Hang[] {
  let text: string;
  try {
    text = readRegularFile(path, FILE_BYTES_MAX).toString('utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .flatMap(hangInLine)
    .filter(({ upMs }) => upMs <= nowMs)
    .slice(-HANGS_MAX);
}

/** Adds a hang. A hang that cannot be written is lost: there is no writable place. */
export function noteHang(path: string, hang: Hang): void {
  writeHangs(path, [...readHangs(path, hang.upMs).filter(({ upMs }) => upMs !== hang.upMs), hang]);
}

/** Marks all hangs as reported. @returns those that were not */
export function takeUnreported(path: string, nowMs: number): Hang[] {
  const hangs = readHangs(path, nowMs);
  const news = hangs.filter(({ isReported }) => !isReported);
  if (news.length > 0)
    writeHangs(
      path,
      hangs.map((hang) => ({ ...hang, isReported: true })),
    );
  return news;
}

/** Marks all hangs as handled. @throws the error of the file system */
export function handleHangs(path: string, nowMs: number): void {
  const handled = readHangs(path, nowMs).map((hang) => ({ ...hang, isHandled: true }));
  replaceHangs(path, handled);
}

function writeHangs(path: string, hangs: readonly Hang[]): void {
  try {
    replaceHangs(path, hangs);
  } catch {
    // not recorded: there is no writable place
  }
}

function replaceHangs(path: string, hangs: readonly Hang[]): void {
  const lines = hangs.slice(-HANGS_MAX).map((hang) => `${JSON.stringify(cut(hang))}\n`);
  writeFileSync(`${path}.part`, lines.join(''), { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

function cut(hang: Hang): Hang {
  const short = (words: string): string => words.replaceAll(/\p{Cc}/gu, '?').slice(0, WORDS_MAX);
  const { upMs, forMs, hasRecordings, isReported, isHandled } = hang;
  const [source, subject, what, where] = [hang.source, hang.subject, hang.what, hang.where].map(short);
  return { upMs, source, subject, forMs, what, where, hasRecordings, isReported, isHandled } as Hang;
}

type HangFields = { readonly [Name in keyof Hang]?: unknown };

function hangInLine(line: string): Hang[] {
  let found: HangFields;
  try {
    found = JSON.parse(line) ?? {};
  } catch {
    return [];
  }
  const { upMs, source, subject, forMs, what, where, isReported } = found;
  const [hasRecordings, isHandled] = [found.hasRecordings, found.isHandled].map((flag) => flag === true); // absent in a line of an earlier version
  const isValid =
    [upMs, forMs].every((value) => typeof value === 'number' && value >= 0) &&
    [source, subject, what, where].every(isShortText) &&
    typeof isReported === 'boolean';
  return isValid ? [{ upMs, source, subject, forMs, what, where, hasRecordings, isReported, isHandled } as Hang] : [];
}

/** True for a text of one printable line. */
function isShortText(found: unknown): boolean {
  return typeof found === 'string' && found.length <= WORDS_MAX && !/\p{Cc}/u.test(found);
}
