/**
 * Removal of secrets and payloads from texts that leave the machine.
 *
 * Three means: values that are known (contents of secret files, samples of discarded messages) are removed wherever
 * they occur; keys whose names say that their values are secret; and forms of tokens and keys. Pure.
 */

/** Text in place of a removed one. */
export const REMOVED = '(removed)';
/** Shortest known value that is searched for. A shorter one would occur by chance everywhere. */
const KNOWN_LENGTH_MIN = 6;

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

/** Configuration file without comments and without values of keys with secret names. Keeps the numbers of its lines. */
export function redactConfig(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*#/.test(line)) return `# ${REMOVED}`;
      const [, head = '', key = ''] = /^(\s*["']?([\w.-]+)["']?\s*=\s*)/.exec(line) ?? [];
      return SECRET_KEY.test(key) ? `${head}"${REMOVED}"` : withoutComment(line);
    })
    .join('\n');
}

/** Removes a comment at the end of a line of TOML; a `#` within quotes is no comment. */
function withoutComment(line: string): string {
  let quote = '';
  for (const [at, character] of [...line].entries()) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '#') return `${line.slice(0, at)}# ${REMOVED}`;
  }
  return line;
}
