/**
 * The configuration file, from text to `Config`: TOML, then the sections by the table of keys, then the rules across
 * keys, then the decisions of the profile. Pure; reading the file is the caller's. All problems are told at once.
 */
import { parse, TomlError } from 'smol-toml';
import { decodeConfig } from './config-decode.ts';
import { CONFIG_BYTES_MAX } from './default-places.ts';
import { withoutFollowUps } from './follow-ups.ts';
import type { Problem } from './kinds/problem.ts';
import { ruleProblems } from './rules.ts';
import type { ParsedConfig } from './schema.ts';
import { readSections } from './sections.ts';

/** Nobody reads on after so many; bounds the answer to a file of another program. */
const PROBLEMS_MAX = 100;
/** Problems are compared each with each. */
const COMPARED_MAX = 1000;

export function parseConfig(text: string): ParsedConfig {
  if (text.length > CONFIG_BYTES_MAX) {
    return refused([{ path: 'file', what: 'is larger than 4 MiB', hint: 'Is it the right file?' }]);
  }
  const table = readToml(text);
  if (!table.ok) return refused([table.problem]);
  const { sections, problems } = readSections(table.value);
  const all = withoutFollowUps(problems.slice(0, COMPARED_MAX), ruleProblems(sections).slice(0, COMPARED_MAX));
  if (all.length > 0) return refused(all.slice(0, PROBLEMS_MAX));
  return { ok: true, config: decodeConfig(sections) };
}

function refused(problems: readonly Problem[]): ParsedConfig {
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
    // The message goes on with a drawing of the place; its first line says what is wrong.
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? 'unreadable';
    const path = `line ${error.line}, column ${error.column}`;
    return { ok: false, problem: { path, what: `is not TOML: ${what}`, hint: hintAt(text, error.line) } };
  }
}

/** The commonest slip by far is a text without quotes. */
function hintAt(text: string, line: number): string {
  const source = text.split('\n')[line - 1] ?? '';
  const isUnquoted = /^\s*[A-Za-z0-9_-]+\s*=\s*[A-Za-z/]/.test(source) && !/=\s*(true|false|inf|nan)\b/.test(source);
  return isUnquoted ? 'Texts stand in quotes: key = "value".' : 'Look at this line and the one above it.';
}
