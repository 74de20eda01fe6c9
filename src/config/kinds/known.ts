/**
 * Rules on a file that has mistakes. An invalid or misspelled key has no known value: a read of its value throws, and
 * the rule that reads the value has no result. So a mistake hides only the rules that depend on it, and a rule never
 * judges a value that the author did not write. Pure.
 */
import type { Problem } from './problem.ts';

const UNKNOWN_VALUE = new Error('read a key of the configuration whose value is not known, outside of a rule');

/** Marks the value of a key in a table as unknown: reading the key throws. */
export function defineUnknown(table: object, key: string): void {
  Object.defineProperty(table, key, {
    enumerable: true,
    get() {
      throw UNKNOWN_VALUE;
    },
  });
}

/** Returns the result of `read`, or an empty list if `read` reads a key without a known value. */
export function whereKnown<Result>(read: () => readonly Result[]): readonly Result[] {
  try {
    return read();
  } catch (error) {
    if (error !== UNKNOWN_VALUE) throw error;
    return [];
  }
}

/** Applies each rule separately. */
export function applyRules<Facts extends readonly unknown[]>(
  rules: readonly ((...facts: Facts) => readonly Problem[])[],
  ...facts: Facts
): Problem[] {
  return rules.flatMap((rule) => whereKnown(() => rule(...facts)));
}
