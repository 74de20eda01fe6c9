/**
 * Removal of secrets and payloads from texts that leave the machine.
 *
 * Three means: values that are known (contents of secret files, samples of discarded messages) are removed wherever
 * they occur; keys whose names say that their values are secret; and forms of tokens and keys. Pure.
 */

import { withoutSecretForms } from '../base/secret-forms.ts';

/** Text in place of a removed one. */
export const REMOVED = '(removed)';
/** Shortest known value that is searched for. A single character would occur everywhere. */
const KNOWN_LENGTH_MIN = 2;

/** Names of keys whose values are secret. A key that names a file is harmless: `password_file`. */
const SECRET_KEY = /(?:secret|password|passwd|token|psk|api_?key|private_?key)$/i;

/** @param known secret values and samples, in any order */
export function redactText(text: string, known: readonly string[]): string {
  let clean = text;
  const longestFirst = known
    .filter((value) => value.length >= KNOWN_LENGTH_MIN)
    .toSorted((one, other) => other.length - one.length);
  for (const value of longestFirst) clean = clean.replaceAll(value, REMOVED);
  return withoutSecretForms(clean, REMOVED);
}

/** Keys of reports that may contain a part of a payload. */
const PAYLOAD_KEYS = new Set(['sample', 'payload']);

/** Copy of a JSON value: without parts of payloads, without values of keys with secret names, and with clean texts. */
export function redactValue(value: unknown, known: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, known);
  if (Array.isArray(value)) return value.map((one) => redactValue(one, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const isSecret = (PAYLOAD_KEYS.has(key) && one !== null) || (SECRET_KEY.test(key) && typeof one === 'string');
      return [key, isSecret ? REMOVED : redactValue(one, known)];
    }),
  );
}

/** Value of TOML in one line: a basic string, a literal string, or a bare value. */
const VALUE = /"(?:\\.|[^"\\])*"|'[^']*'|[^\s,}\]]+/.source;
/** Key with a secret name and its value, also within an inline table. */
const SECRET_PAIR = new RegExp(
  `((?:^|[\\s{,])["']?[\\w.-]*${SECRET_KEY.source.replace('$', '')}["']?\\s*=\\s*)(?:${VALUE})`,
  'gi',
);
const LONG_QUOTES = ['"""', "'''"];

/**
 * Configuration file without comments and without values of keys with secret names. A text of several lines that such a
 * key begins is removed to its end. Keeps the numbers of its lines.
 */
export function redactConfig(text: string): string {
  let isInLong: string | undefined;
  const lines = withoutPrograms(text)
    .split('\n')
    .map((line) => {
      if (isInLong !== undefined) {
        if (line.includes(isInLong)) isInLong = undefined;
        return REMOVED;
      }
      const [, , key = ''] = /^(\s*["']?([\w.-]+)["']?\s*=\s*)/.exec(line) ?? [];
      const quotes = LONG_QUOTES.find((one) => line.split(one).length === 2);
      if (quotes !== undefined && SECRET_KEY.test(key)) isInLong = quotes;
      if (isInLong !== undefined) return `${line.slice(0, line.indexOf('=') + 1)} ${REMOVED}`;
      return withoutComment(line).replace(SECRET_PAIR, `$1"${REMOVED}"`);
    });
  return lines.join('\n');
}

/** Beginning of the list of a key with a program, whose arguments may be secret; not in a comment. */
const PROGRAM = /^([^#\n]*\bpassword_command["']?\s*=\s*)\[/gm;
/** Element of a list of TOML: a text, a comment, the end of the list, or anything else. */
const ELEMENT = /"{3}[\s\S]*?"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|\]|[\s\S]/g;

/** Removes the lists of programs and keeps the numbers of the lines. A list without an end is removed to the end. */
function withoutPrograms(text: string): string {
  let clean = '';
  let from = 0;
  for (const { index, 0: whole, 1: head = '' } of text.matchAll(PROGRAM)) {
    if (index < from) continue;
    const elements: readonly string[] = text.slice(index + whole.length).match(ELEMENT) ?? [];
    const end = elements.indexOf(']');
    const list = elements.slice(0, end === -1 ? undefined : end + 1).join('');
    clean += `${text.slice(from, index)}${head}["${REMOVED}"]${'\n'.repeat(list.split('\n').length - 1)}`;
    from = index + whole.length + list.length;
  }
  return clean + text.slice(from);
}

/** Removes a comment at the end of a line of TOML; a `#` within quotes is no comment. */
function withoutComment(line: string): string {
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (quote === '"' && character === '\\') at += 1;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '#') return `${line.slice(0, at)}# ${REMOVED}`;
  }
  return line;
}
