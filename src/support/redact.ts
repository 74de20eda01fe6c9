/**
 * Removal of secrets and payloads from texts that leave the machine.
 *
 * Three means: values that are known (contents of secret files, samples of discarded messages) are removed wherever
 * they occur; keys whose names say that their values are secret; and forms of tokens and keys. Pure.
 */

/** Text in place of a removed one. */
export const REMOVED = '(removed)';
/** Shortest known value that is searched for. A single character would occur everywhere. */
const KNOWN_LENGTH_MIN = 2;

/** Names of keys whose values are secret. A key that names a file is harmless: `password_file`. */
const SECRET_KEY = /(?:secret|password|passwd|token|psk|api_?key|private_?key)$/i;

const FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  // JSON Web Token: three base64url parts, the first of which begins with {"
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\bSharedAccessSignature\s+\S+/g,
  /\b(?:Bearer|Basic)\s+[\w+/.=~-]{8,}/g,
  // user and password within a URL
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s/@]+(?=@)/gi,
];
/** `name=value` and `name: value` in logs, with a secret name. */
const ASSIGNMENT = /\b(\w*(?:secret|password|passwd|token|psk|api_?key))(["']?\s*[=:]\s*["']?)([^\s"',;}]+)/gi;

/** @param known secret values and samples, in any order */
export function redactText(text: string, known: readonly string[]): string {
  let clean = text;
  const longestFirst = known
    .filter((value) => value.length >= KNOWN_LENGTH_MIN)
    .toSorted((one, other) => other.length - one.length);
  for (const value of longestFirst) clean = clean.replaceAll(value, REMOVED);
  for (const form of FORMS) clean = clean.replace(form, REMOVED);
  return clean.replace(ASSIGNMENT, `$1$2${REMOVED}`);
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
  const lines = text.split('\n').map((line) => {
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
