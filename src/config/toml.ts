/** TOML of a configuration or of a device profile, with a hint for a mistake. Pure. */
import { parse, TomlError } from 'smol-toml';
import type { Problem } from './kinds/problem.ts';

export type TomlTable = Readonly<Record<string, unknown>>;

type Toml = { readonly ok: true; readonly value: TomlTable } | { readonly ok: false; readonly problem: Problem };

export function readToml(text: string): Toml {
  try {
    return { ok: true, value: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line of the message names the problem; the other lines show the place.
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? 'unreadable';
    const path = `line ${error.line}, column ${error.column}`;
    return { ok: false, problem: { path, what: `is not TOML: ${what}`, hint: hintAt(text, error.line, what) } };
  }
}

/** Returns the hint for a line with broken TOML. The most common mistake is a text without quotes. */
function hintAt(text: string, line: number, what: string): string {
  if (what.includes('losslessly'))
    return 'Write a number beyond 53 bits as a text, where the key allows it: "0x8000000000000000".';
  const source = text.split('\n')[line - 1] ?? '';
  const isUnquoted = /^\s*[A-Za-z0-9_-]+\s*=\s*[A-Za-z/]/.test(source) && !/=\s*(true|false|inf|nan)\b/.test(source);
  return isUnquoted ? 'Write the text in quotes: key = "value".' : 'Check this line and the line above.';
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Tables of a list of tables; empty for any other value. */
export function tablesIn(list: unknown): readonly TomlTable[] {
  return Array.isArray(list) ? list.filter(isTable) : [];
}
