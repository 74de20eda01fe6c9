/**
 * Marks of messages on which the process ended, in a small file of the state directory. They count for the version of
 * the program that wrote them: another may have been mended. The file may be missing, torn or hostile: what is not
 * exactly as written here is ignored, and said.
 */
import { closeSync, constants, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MessageMark } from '../base/message-mark.ts';

/** The oldest gives way. */
const MARKS_MAX = 64;
const FILE_BYTES_MAX = 64 * 1024;
const WORDS_MAX = 400;
const KEY = /^[0-9a-f]{32}$/;

export interface FaultMarks {
  /** The latest last. */
  readonly marks: readonly MessageMark[];
  /** The file was there and was ignored, for this. */
  readonly problem: string | undefined;
}

/** Never throws. */
export function readFaultMarks(path: string, version: string): FaultMarks {
  const text = readBeginning(path);
  if (text === undefined) return { marks: [], problem: undefined };
  try {
    const found: unknown = JSON.parse(text);
    if (!isRecord(found) || typeof found.version !== 'string' || !Array.isArray(found.marks))
      return { marks: [], problem: 'it is no list of marks' };
    if (found.version !== version) return { marks: [], problem: undefined };
    const marks = found.marks.slice(-MARKS_MAX);
    if (!marks.every(isMark)) return { marks: [], problem: 'a mark in it is damaged' };
    return { marks: marks.map(({ key, what, why }) => ({ key, what, why })), problem: undefined };
  } catch {
    return { marks: [], problem: 'it is no JSON' };
  }
}

/** Durable when it returns. @throws what the file system says */
export function addFaultMark(path: string, version: string, mark: MessageMark): void {
  const others = readFaultMarks(path, version).marks.filter(({ key }) => key !== mark.key);
  const marks = [...others, cut(mark)].slice(-MARKS_MAX);
  const part = `${path}.part`;
  const file = openSync(part, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ version, marks })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readBeginning(path: string): string | undefined {
  let file: number;
  try {
    // a FIFO in its place does not hold up the start
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(FILE_BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } catch {
    return '';
  } finally {
    closeSync(file);
  }
}

function isMark(found: unknown): found is MessageMark {
  if (!isRecord(found)) return false;
  const { key, what, why } = found;
  return typeof key === 'string' && KEY.test(key) && isShort(what) && isShort(why);
}

/** Words for people, of one printable line. */
function isShort(found: unknown): boolean {
  return typeof found === 'string' && found.length <= WORDS_MAX && !/\p{Cc}/u.test(found);
}

function cut({ key, what, why }: MessageMark): MessageMark {
  const short = (words: string): string => words.replaceAll(/\p{Cc}/gu, '?').slice(0, WORDS_MAX);
  return { key, what: short(what), why: short(why) };
}

type Fields = { readonly [Name in 'version' | 'marks' | keyof MessageMark]?: unknown };

function isRecord(found: unknown): found is Fields {
  return typeof found === 'object' && found !== null;
}
