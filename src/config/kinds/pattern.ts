/**
 * Patterns of the configuration: regular expressions as RE2 has them, which match in time linear in the line, whatever is
 * on it. So no look-around and no back references. The only file that knows which library does it; it is loaded for the
 * first pattern, since most gateways have none.
 */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { type Decoded, decoded, undecodable } from '../../base/decoded.ts';

export interface Pattern {
  /** As it was written. */
  readonly source: string;
  /** Names of its named groups. */
  readonly fields: readonly string[];
  /** @returns the named groups that took part, or `undefined`: it matches nowhere in the text */
  match(text: string): ReadonlyMap<string, string> | undefined;
}

/** Instructions of the compiled pattern. The slowest that was found takes 40 ms for a line of 4096 octets. */
const PROGRAM_MAX = 500;

export function compilePattern(source: string): Decoded<Pattern> {
  const compiled = compile(source);
  if (!compiled.ok) return compiled;
  const pattern = compiled.value;
  if (pattern.programSize() > PROGRAM_MAX) return undecodable('it is too large: repeat less');
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

/** Node keeps what it has loaded. */
function library(): typeof import('re2js') {
  return require('re2js');
}

function compile(source: string): Decoded<RE2JS> {
  try {
    return decoded(library().RE2JS.compile(source));
  } catch (error) {
    // The library throws for what it cannot compile; its words begin with its own name for the trouble.
    const words = error instanceof Error ? error.message : String(error);
    return undecodable(words.replace(/^error parsing regexp: /, ''));
  }
}
