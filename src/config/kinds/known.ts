/**
 * Rules on a file that has mistakes. An invalid or misspelled key has no known value: reading it throws, and the rule
 * that reads it has no result. So a mistake hides only the rules that depend on it, and a rule never judges a value
 * that the author did not write. Pure.
 */
import type { Problem } from './problem.ts';

const UNKNOWN_VALUE = new Error('read a key of the configuration whose value is not known, outside of a rule');

/** Makes a key of a table one without a known value. */
export function defineUnknown(table: object, key: string): void {
  Object.defineProperty(table, key, {
    enumerable: true,
    get() {
      throw UNKNOWN_VALUE;
    },
  });
}

/** Returns the result of `read`, or nothing if it reads a key without a known value. */
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
