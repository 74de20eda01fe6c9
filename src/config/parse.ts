/**
 * Parser of the configuration file, from text to `Config`: TOML, then the sections by the table of keys, then the rules
 * across keys, then the defaults of the profile. Pure; the caller reads the file. All problems are reported at once.
 */
import { parse, TomlError } from 'smol-toml';
import { decodeConfig } from './config-decode.ts';
import { CONFIG_BYTES_MAX } from './default-places.ts';
import type { Problem } from './kinds/problem.ts';
import { ruleProblems } from './rules.ts';
import type { ParsedConfig } from './schema.ts';
import { readSections } from './sections.ts';

/** Largest number of reported problems; bounds the report about a file of another program. */
const PROBLEMS_MAX = 100;

export function parseConfig(text: string): ParsedConfig {
  if (text.length > CONFIG_BYTES_MAX) {
    const hint = 'Check that this is the configuration file of holdfast.';
    return rejected([{ path: 'file', what: 'is larger than 4 MiB', hint }]);
  }
  const table = readToml(text);
  if (!table.ok) return rejected([table.problem]);
  const { sections, problems } = readSections(table.value);
  const all = [...problems, ...ruleProblems(sections)];
  if (all.length > 0) return rejected(all.slice(0, PROBLEMS_MAX));
  return { ok: true, config: decodeConfig(sections), sections };
}

function rejected(problems: readonly Problem[]): ParsedConfig {
  return { ok: false, problems };
}

type Toml =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: Problem };

function readToml(text: string): Toml {
  try {
    return { ok: true, value: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line of the message names the problem; the other lines show the place.
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? 'unreadable';
    const path = `line ${error.line}, column ${error.column}`;
    return { ok: false, problem: { path, what: `is not TOML: ${what}`, hint: hintAt(text, error.line) } };
  }
}

/** Returns the hint for a line with broken TOML. The most common mistake is a text without quotes. */
function hintAt(text: string, line: number): string {
  const source = text.split('\n')[line - 1] ?? '';
  const isUnquoted = /^\s*[A-Za-z0-9_-]+\s*=\s*[A-Za-z/]/.test(source) && !/=\s*(true|false|inf|nan)\b/.test(source);
  return isUnquoted ? 'Write the text in quotes: key = "value".' : 'Check this line and the line above.';
}
