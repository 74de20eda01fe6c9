/** Choice of the reader that splits the bytes of a link into lines. */

import { type LineLimits, LineReader, type LineSplitter } from '../../codec/lines.ts';
import { MarkedLineReader, type StrayEvents } from '../../codec/marked-lines.ts';
import { TelegramReader } from '../../codec/telegrams.ts';
import type { LinePattern } from './line-pattern.ts';

export interface SplittingTerms extends LineLimits {
  /** Octets with which each line begins. `undefined`: a line begins after the delimiter. */
  readonly start: Uint8Array | undefined;
  /** Number of octets of each line after `start`. `undefined`: a line ends with the delimiter. */
  readonly fixedBytes: number | undefined;
  /** Number of octets after the delimiter, for a check. */
  readonly tailBytes: number;
  /** First and last line of a telegram: both or none. */
  readonly telegramBegin: LinePattern | undefined;
  readonly telegramEnd: LinePattern | undefined;
}

export function newSplitter(terms: SplittingTerms, events: StrayEvents): LineSplitter {
  const { start, fixedBytes, tailBytes, telegramBegin, telegramEnd } = terms;
  const { delimiter, lineBytesMax, encoding } = terms;
  const limits = { delimiter, lineBytesMax, encoding };
  if (telegramBegin !== undefined && telegramEnd !== undefined) {
    const begins = (line: string): boolean => telegramBegin.match(line) !== undefined;
    const ends = (line: string): boolean => telegramEnd.match(line) !== undefined;
    return new TelegramReader(limits, { begins, ends }, events);
  }
  if (start !== undefined) return new MarkedLineReader({ ...limits, start, fixedBytes, tailBytes }, events);
  return new LineReader(limits, (begun) => events.overlong(begun));
}
