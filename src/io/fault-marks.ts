/**
 * Marks of messages that ended the process, in a small file of the state directory. The marks hold only for the version
 * of the program that wrote them, since another version may have the bug fixed. The file may be missing, torn or
 * hostile: a file that does not match this format is ignored, and the problem is reported.
 */
import { basename, dirname } from 'node:path';
import type { MessageMark } from '../base/message-mark.ts';
import { readBeginning, writeDurably } from './durable/small-file.ts';

/** Largest number of marks. The oldest is dropped first. */
const MARKS_MAX = 64;
const WORDS_MAX = 400;
const KEY = /^[0-9a-f]{32}$/;

export interface FaultMarks {
  /** Latest last. */
  readonly marks: readonly MessageMark[];
  /** Reason for which an existing file was ignored. */
  readonly problem: string | undefined;
}

/** Reads the marks. Never throws. */
export function readFaultMarks(path: string, version: string): FaultMarks {
  const text = readBeginning(path);
  if (text === undefined) return { marks: [], problem: undefined };
  try {
    const found: unknown = JSON.parse(text);
    if (!isRecord(found) || typeof found.version !== 'string' || !Array.isArray(found.marks))
      return { marks: [], problem: 'it is not a list of marks' };
    if (found.version !== version) return { marks: [], problem: undefined };
    const marks = found.marks.slice(-MARKS_MAX);
    if (!marks.every(isMark)) return { marks: [], problem: 'a mark in it is damaged' };
    return { marks: marks.map(({ key, what, why }) => ({ key, what, why })), problem: undefined };
  } catch {
    return { marks: [], problem: 'it is no JSON' };
  }
}

/** Adds a mark. The mark is durable on return. @throws the error of the file system */
export function addFaultMark(path: string, version: string, mark: MessageMark): void {
  const others = readFaultMarks(path, version).marks.filter(({ key }) => key !== mark.key);
  const marks = [...others, cut(mark)].slice(-MARKS_MAX);
  writeDurably(dirname(path), basename(path), `${JSON.stringify({ version, marks })}\n`);
}

function isMark(found: unknown): found is MessageMark {
  if (!isRecord(found)) return false;
  const { key, what, why } = found;
  return typeof key === 'string' && KEY.test(key) && isShort(what) && isShort(why);
}

/** True for a text of one printable line. */
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
