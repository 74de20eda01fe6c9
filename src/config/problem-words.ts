/**
 * The schema's findings in the words of the file: where, what, and what to do.
 */
import type { z } from 'zod';
import { headingOf, type KeyRow, keyRow, keysOf, sectionsWith } from './key-table.ts';
import { NESTED_LISTS, NESTED_TABLES } from './keys.ts';
import type { Problem } from './kinds/problem.ts';
import { nearestWord } from './suggestion.ts';

/** Where the table that was read stands: its section, and its path in the file (`link[1]`). */
interface Place {
  readonly section: string;
  readonly path: string;
}

type Issue = z.core.$ZodIssue;

export function problemsOf(issues: readonly Issue[], outer: Place): Problem[] {
  return issues.flatMap((found) => {
    const { issue, place } = within(found, outer);
    const path = pathOf(place.path, issue.path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(key, { ...place, path: pathOf(path, [key]) }, issue.path.length > 0));
    }
    return [{ path, what: whatIsWrong(issue, place), hint: hintFor(issue, place) }];
  });
}

/** An issue of `link` at `unit[0].address` is one of `link.unit` at `address`; at `lines.topic`, of `link.lines` at `topic`. */
function within(issue: Issue, place: Place): { readonly issue: Issue; readonly place: Place } {
  const [key, index, ...rest] = issue.path;
  const section = `${place.section}.${String(key)}`;
  if (typeof index === 'number' && section in NESTED_LISTS)
    return within({ ...issue, path: rest }, { section, path: pathOf(place.path, issue.path.slice(0, 2)) });
  const inTable = issue.path.slice(1);
  if (!(section in NESTED_TABLES) || (inTable.length === 0 && issue.code !== 'unrecognized_keys'))
    return { issue, place };
  return { issue: { ...issue, path: inTable }, place: { section, path: pathOf(place.path, issue.path.slice(0, 1)) } };
}

/** `link[1]` and `['predefined_topics', 0, 'id']` make `link[1].predefined_topics[0].id`. */
function pathOf(base: string, keys: readonly PropertyKey[]): string {
  return keys.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${keyWords(String(key))}`),
    base,
  );
}

/** Name of a key in a path, where control characters and dots would lie; a long one is cut. */
export function keyWords(key: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(key) ? key : shown(key);
}

function unknownKey(key: string, place: Place, isNested: boolean): Problem {
  const problem = { path: place.path, what: 'is not a key of the configuration' };
  if (isNested) return { ...problem, hint: 'The keys here are id and topic.' };
  const meant = nearestWord(key, keysOf(place.section));
  if (meant !== undefined) return { ...problem, hint: `Did you mean ${meant}?` };
  const [elsewhere] = sectionsWith(key);
  if (elsewhere !== undefined) return { ...problem, hint: `It belongs under ${headingOf(elsewhere)}.` };
  return { ...problem, hint: `The keys of ${headingOf(place.section)} are ${keysOf(place.section).join(', ')}.` };
}

function whatIsWrong(issue: Issue, place: Place): string {
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `is ${shown(issue.input)}, not ${kindWords(issue.expected, keyRow(place.section, String(issue.path[0])))}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'is empty'
        : `is ${shown(issue.input)}, less than ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `is ${shown(issue.input)}, more than ${issue.maximum}`
        : `is longer than ${issue.maximum}`;
    default:
      return `is ${shown(issue.input)}`;
  }
}

function hintFor(issue: Issue, place: Place): string {
  const key = issue.path[0];
  if (key === undefined) return `Write ${headingOf(place.section)} and its keys below it.`;
  const row = keyRow(place.section, String(key));
  if (row === undefined) return 'Look it up with `holdfast config reference`.';
  if (issue.input === undefined) return row.meaning;
  if (issue.code === 'invalid_value')
    return `Allowed: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}.`;
  if (issue.path.length > 1) return key === 'predefined_topics' ? `${row.meaning} Ids are 1 to 65534.` : row.meaning;
  return `Allowed: ${row.type}.`;
}

function kindWords(expected: string, row: KeyRow | undefined): string {
  switch (expected) {
    case 'number':
      return row?.type.startsWith('number') ? 'a number' : 'a whole number';
    case 'int':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text in quotes';
    case 'array':
      return 'a list';
    default:
      return 'a table';
  }
}

/** Longer values say nothing more. */
const SHOWN_LENGTH_MAX = 40;

/** A value of the file, safe to print: quoted, control characters escaped, cut. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}
