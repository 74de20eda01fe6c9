/**
 * Support archive: one ZIP file with the texts of all collectors, a list of its parts, and what was left out. Its size is
 * bounded, and every text is redacted.
 */
import { strToU8, zipSync } from 'fflate';
import { type Collected, type Collector, runCollector } from './collector.ts';
import { redactText, redactValue } from './redact.ts';

/** Largest text of one part, in characters. Compressed, the whole archive stays below 2 MiB. */
export const PART_LENGTH_MAX = 1_000_000;
const LIST_FILE = 'contents.json';
/** Range of times in a ZIP file: 1980 to 2099 in any time zone (.ZIP File Format Specification, 4.4.6). */
const ZIP_MS_MIN = Date.UTC(1980, 0, 3);
const ZIP_MS_MAX = Date.UTC(2099, 0, 1);

export interface ArchivePart {
  readonly file: string;
  /** Characters in the archive; 0: left out. */
  readonly characters: number;
  /** Characters that were cut off. */
  readonly cut: number;
  /** Reason why the part is missing; `null`: the part is present. */
  readonly leftOut: string | null;
}

export interface Archive {
  readonly bytes: Uint8Array;
  readonly parts: readonly ArchivePart[];
}

/** @param known see `redactText` @param finished called after each part, for progress */
export async function makeArchive(
  collectors: readonly Collector[],
  known: readonly string[],
  finished: (file: string) => void,
): Promise<Archive> {
  const collected = await Promise.all(
    collectors.map(async (collector) => {
      const result = await runCollector(collector);
      finished(collector.file);
      return partOf(collector.file, result, known);
    }),
  );
  const parts = collected.map(({ part }) => part);
  const list = textOf(parts, known);
  const texts = collected.flatMap(({ part, text }) =>
    text === undefined ? [] : [[part.file, strToU8(text)] as const],
  );
  return {
    bytes: zipSync({ ...Object.fromEntries(texts), [LIST_FILE]: strToU8(list) }, { level: 9, mtime: zipTimeMs() }),
    parts,
  };
}

function partOf(
  file: string,
  result: Collected,
  known: readonly string[],
): { readonly part: ArchivePart; readonly text: string | undefined } {
  if (result.kind === 'left out')
    return { part: { file, characters: 0, cut: 0, leftOut: result.why }, text: undefined };
  const clean = result.kind === 'value' ? textOf(result.value, known) : redactText(result.text, known);
  const text =
    result.kind === 'text' && result.kept === 'end' ? clean.slice(-PART_LENGTH_MAX) : clean.slice(0, PART_LENGTH_MAX);
  return { part: { file, characters: text.length, cut: clean.length - text.length, leftOut: null }, text };
}

/** Present time within the range of ZIP, since the clock of a gateway may not be set. */
function zipTimeMs(): number {
  return Math.min(Math.max(Date.now(), ZIP_MS_MIN), ZIP_MS_MAX);
}

function textOf(value: unknown, known: readonly string[]): string {
  return `${JSON.stringify(redactValue(value, known), undefined, 1)}\n`;
}
