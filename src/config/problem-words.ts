/**
 * Texts for the issues that the schema finds: place, mistake and correction, in the notation of the file.
 */
import type { z } from 'zod';
import { headingOf, type KeyRow, keyRow, keysOf, sectionsWith } from './key-table.ts';
import { NESTED_LISTS, NESTED_TABLES } from './keys.ts';
import { printable, printableKey } from './kinds/printable.ts';
import type { Problem } from './kinds/problem.ts';
import { nearestWord } from './suggestion.ts';

/** Place of a table: its section, and its path in the file (`link[1]`). */
export interface Place {
  readonly section: string;
  readonly path: string;
  /** `profile`: the table is in the file of a device profile. Not set: in the configuration. */
  readonly file?: 'profile';
}

type Issue = z.core.$ZodIssue;

export interface Mistakes {
  readonly problems: readonly Problem[];
  /** Paths of the keys that the file has under a misspelled name. These keys are not reported as missing. */
  readonly misspelled: ReadonlySet<string>;
}

export function mistakesOf(issues: readonly Issue[], outer: Place): Mistakes {
  const misspelled = new Set<string>();
  const unknown = issues.flatMap((found) => {
    if (found.code !== 'unrecognized_keys') return [];
    const { issue, place } = inInnermost(found, outer);
    return found.keys.map((key) => {
      const table = pathOf(place.path, issue.path);
      const similar = issue.path.length > 0 ? undefined : nearestWord(key, keysOf(place.section));
      if (similar !== undefined) misspelled.add(pathOf(table, [similar]));
      return unknownKey(key, { ...place, path: pathOf(table, [key]) }, { similar, isNested: issue.path.length > 0 });
    });
  });
  const invalid = issues.flatMap((found) => {
    const { issue, place } = inInnermost(found, outer);
    const path = pathOf(place.path, issue.path);
    if (issue.code === 'unrecognized_keys' || (isMissing(issue) && misspelled.has(path))) return [];
    return [{ path, what: mistakeText(issue, place), hint: hintText(issue, place) }];
  });
  return { problems: [...unknown, ...invalid], misspelled };
}

const isMissing = (issue: Issue): boolean => issue.input === undefined && issue.code !== 'custom';

/**
 * Returns the innermost section of an issue, and the issue with its path within that section: `unit[0].address` in
 * `link` is `address` in `link.unit`; `lines.topic` is `topic` in `link.lines`.
 */
function inInnermost(issue: Issue, place: Place): { readonly issue: Issue; readonly place: Place } {
  const [key, index, ...rest] = issue.path;
  const section = `${place.section}.${String(key)}`;
  if (typeof index === 'number' && section in NESTED_LISTS)
    return inInnermost(
      { ...issue, path: rest },
      { ...place, section, path: pathOf(place.path, issue.path.slice(0, 2)) },
    );
  const inTable = issue.path.slice(1);
  if (!(section in NESTED_TABLES) || (inTable.length === 0 && issue.code !== 'unrecognized_keys'))
    return { issue, place };
  return inInnermost(
    { ...issue, path: inTable },
    { ...place, section, path: pathOf(place.path, issue.path.slice(0, 1)) },
  );
}

/** Appends keys to a path: `link[1]` and `['unit', 0, 'id']` become `link[1].unit[0].id`. */
function pathOf(base: string, keys: readonly PropertyKey[]): string {
  return keys.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${printableKey(String(key))}`),
    base,
  );
}

function unknownKey(
  key: string,
  place: Place,
  { similar, isNested }: { readonly similar: string | undefined; readonly isNested: boolean },
): Problem {
  const what = `is not a key of ${place.file === undefined ? 'the configuration' : 'a device profile'}`;
  const problem = { path: place.path, what };
  if (isNested) return { ...problem, hint: 'Allowed keys: id, topic.' };
  if (similar !== undefined && isSecretFor(key, similar))
    return {
      ...problem,
      hint: `Secrets are not in this file: write it into a file of its own with mode 0600, and name that file with ${similar}. Change the secret if others could read this file.`,
    };
  if (similar !== undefined) return { ...problem, hint: `Did you mean ${similar}?` };
  const [elsewhere] = place.file === undefined ? sectionsWith(key) : [];
  if (elsewhere !== undefined) return { ...problem, hint: `Move this key under ${headingOf(elsewhere)}.` };
  return { ...problem, hint: `Allowed keys of ${headingIn(place)}: ${keysOf(place.section).join(', ')}.` };
}

/** Heading of the section in its file: in a device profile, `[[link.unit.point]]` is `[[point]]`. */
function headingIn({ section, file }: Place): string {
  if (file === undefined) return headingOf(section);
  const [, entry, inner] = section.split('.');
  return inner === undefined ? `[${entry ?? section}]` : `[[${inner}]]`;
}

/** True if the value of an unknown key is probably the secret itself, and not the name of its file. */
function isSecretFor(key: string, similar: string): boolean {
  return /(password|secret|token)$/.test(key) && /(password|secret|token)_file$/.test(similar);
}

function mistakeText(issue: Issue, place: Place): string {
  if (isMissing(issue)) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `is ${printable(issue.input)}, not ${typeName(issue.expected, rowOf(issue, place))}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'is empty'
        : `is ${printable(issue.input)}, less than ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `is longer than ${issue.maximum} characters`;
      if (issue.origin === 'array') return `has more than ${issue.maximum} entries`;
      return `is ${printable(issue.input)}, more than ${issue.maximum}`;
    default:
      return `is ${printable(issue.input)}`;
  }
}

/** Values that other programs use, and how they are written here. */
const OTHER_NAMES: ReadonlyMap<unknown, string> = new Map([
  ['wss', ' For wss, write transport = "ws" and tls = "on".'],
]);

const rowOf = (issue: Issue, place: Place): KeyRow | undefined => keyRow(place.section, String(issue.path[0]));

function hintText(issue: Issue, place: Place): string {
  const key = issue.path[0];
  if (key === undefined) return `Write ${headingIn(place)}, and its keys on the lines below.`;
  const row = rowOf(issue, place);
  if (row === undefined) return 'See `holdfast config reference`.';
  if (issue.input === undefined) return row.meaning;
  if (issue.code === 'invalid_value')
    return `Allowed: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}.${OTHER_NAMES.get(issue.input) ?? ''}`;
  if (issue.path.length > 1) return key === 'predefined_topics' ? `${row.meaning} Ids are 1 to 65534.` : row.meaning;
  const length = issue.code === 'too_big' && issue.origin === 'string' ? `, at most ${issue.maximum} characters` : '';
  return `Allowed: ${row.type}${length}.`;
}

function typeName(expected: string, row: KeyRow | undefined): string {
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
