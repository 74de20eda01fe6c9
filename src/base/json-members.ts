/**
 * Members of a JSON object with the texts of their values, so that a part of a document can be passed on with the same
 * bytes: numbers keep all their digits. Pure.
 */

/** Largest nesting of objects and lists in a document, beyond every real command. */
export const NESTING_MAX = 64;

/** Characters of JSON texts by their codes, for quick scans. */
const [QUOTE, COMMA, BACKSLASH, SPACE] = [0x22, 0x2c, 0x5c, 0x20];
const [OPENING_BRACE, CLOSING_BRACE, OPENING_BRACKET, CLOSING_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Returns the texts of the values by the names of their members. `undefined`: the text is not a JSON object, or it is
 * nested more than `NESTING_MAX` times. Of a repeated name the last member counts, as in `JSON.parse`.
 */
export function membersOf(text: string): Map<string, string> | undefined {
  return isJson(text) ? membersNamed(text, undefined) : undefined;
}

/**
 * Returns the same as `membersOf` for a text that is JSON. The other members are passed over without a copy of their names and values.
 * @param names names of the members; `undefined`: all
 */
export function membersNamed(json: string, names: ReadonlySet<string> | undefined): Map<string, string> | undefined {
  const members = new Map<string, string>();
  let at = afterSpace(json, 0);
  if (json[at] !== '{') return undefined;
  at = afterSpace(json, at + 1);
  while (json[at] !== '}') {
    const nameEnd = stringEnd(json, at);
    const valueAt = afterSpace(json, afterSpace(json, nameEnd) + 1);
    const valueEnd = endOfValue(json, valueAt);
    if (valueEnd === undefined) return undefined;
    const name = nameIn(json, at, nameEnd);
    if (names === undefined || names.has(name)) members.set(name, json.slice(valueAt, valueEnd).trimEnd());
    at = json[valueEnd] === ',' ? afterSpace(json, valueEnd + 1) : valueEnd;
  }
  return members;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function nameIn(json: string, begin: number, end: number): string {
  const name = json.slice(begin + 1, end - 1);
  return name.includes('\\') ? JSON.parse(json.slice(begin, end)) : name;
}

/** Index of the next character that is not whitespace. Between two values, valid JSON has no other control characters. */
function afterSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

/** Index after the string that begins at `at`, in valid JSON. */
function stringEnd(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

/** Returns whether an odd number of backslashes is before `at`. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** Index of the comma or brace after the value of a member. `undefined`: the value is nested too deeply. */
function endOfValue(text: string, begin: number): number | undefined {
  let depth = 1;
  for (let at = begin; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) depth += 1;
    else if (depth === 1 && (code === COMMA || code === CLOSING_BRACE)) return at;
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth -= 1;
    if (depth > NESTING_MAX) return undefined;
  }
}
