/**
 * Patterns of the configuration: regular expressions of RE2, without look-around and back references. The time to match
 * is linear in the length of the line. Only this file uses the library. The library is loaded when the first pattern is
 * compiled, because most gateways have no pattern.
 */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { type Decoded, decoded, undecodable } from '../../base/decoded.ts';
import { once } from '../../base/once.ts';

export interface Pattern {
  /** Text of the expression. */
  readonly source: string;
  /** Names of the named groups. */
  readonly fields: readonly string[];
  /** @returns the named groups that took part in the match; `undefined`: no match in the text */
  match(text: string): ReadonlyMap<string, string> | undefined;
}

/** Largest number of instructions of a compiled pattern. The slowest known pattern takes 40 ms for 4096 octets. */
const PROGRAM_MAX = 500;

export function compilePattern(source: string): Decoded<Pattern> {
  const compiled = compile(source);
  if (!compiled.ok) return compiled;
  const pattern = compiled.value;
  if (pattern.programSize() > PROGRAM_MAX) return undecodable('it is too large: use fewer repetitions');
  const fields = Object.keys(pattern.namedGroups());
  return decoded({
    source,
    fields,
    match(text) {
      const matcher = pattern.matcher(text);
      if (!matcher.find()) return undefined;
      return new Map(
        fields.flatMap((name) => {
          const value = matcher.group(name);
          return value === null ? [] : [[name, value] as const];
        }),
      );
    },
  });
}

const require = createRequire(import.meta.url);

const library = once((): typeof import('re2js') => require('re2js'));

function compile(source: string): Decoded<RE2JS> {
  try {
    return decoded(library().RE2JS.compile(source));
  } catch (error) {
    // The library throws for an invalid expression; its message begins with a prefix of the library.
    const message = error instanceof Error ? error.message : String(error);
    return undecodable(message.replace(/^error parsing regexp: /, ''));
  }
}
