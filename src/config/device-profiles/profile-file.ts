/**
 * Reads the text of a device profile: TOML, then each section by its schema, then the rules of the driver. All problems
 * are reported at once, each with the path of the file. Pure.
 *
 *     [profile] id, name, vendor, source, notes   [serial] factory settings   [unit] keys of an entry   [[point]] …
 */
import type { z } from 'zod';
import { whereKnown } from '../kinds/known.ts';
import { printableKey } from '../kinds/printable.ts';
import type { Problem } from '../kinds/problem.ts';
import { knownTable } from '../known-keys.ts';
import { mistakesOf } from '../problem-words.ts';
import { isTable, readToml, type TomlTable, tablesIn } from '../toml.ts';
import type { ProfileText } from './attached-profiles.ts';
import { type DeviceProfile, markOfProfile } from './device-profile.ts';
import { PROFILE_HEAD, profiledDriver, SERIAL } from './profile-keys.ts';

export interface ReadProfile {
  /** `undefined` if there is a problem. */
  readonly profile: DeviceProfile | undefined;
  readonly problems: readonly Problem[];
}

/** @param id id by which the profile is used, which is the name of its file; `undefined`: any */
export function readProfile({ file, text, unreadable }: ProfileText, id: string | undefined): ReadProfile {
  if (text === undefined) {
    const hint = 'Correct the file, or remove it.';
    return { profile: undefined, problems: [{ path: file, what: unreadable ?? 'cannot be read', hint }] };
  }
  const toml = readToml(text);
  const { profile, problems } = toml.ok ? profileOf(toml.value, file, id) : { problems: [toml.problem] };
  const inFile = problems.map((problem) => ({ ...problem, path: `${file} ${problem.path}` }));
  return { profile: problems.length > 0 ? undefined : profile, problems: inFile };
}

/** @returns a profile that is usable if there are no problems */
function profileOf(table: TomlTable, file: string, id: string | undefined): ReadProfile {
  const { terms, section, entry } = profiledDriver();
  const { list, inner, idKey, chosenKey, ownKeys } = terms;
  const problems = unknownSections(table, ['profile', 'serial', list, inner]);

  function read<Schema extends z.ZodObject>(schema: Schema, value: unknown, path: string, of = path): z.output<Schema> {
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    const { problems: mistakes, misspelled } = mistakesOf(result.error.issues, { section: of, path, file: 'profile' });
    problems.push(...mistakes);
    return knownTable(schema, value, { path, misspelled }) as z.output<Schema>;
  }

  const head = read(PROFILE_HEAD, table.profile ?? {}, 'profile');
  problems.push(...whereKnown(() => idProblems(head.id, id)));
  const serial = table.serial ?? {};
  read(SERIAL, serial, 'serial');

  const keys = isTable(table[list]) ? table[list] : {};
  const foreign = [...Object.keys(ownKeys), idKey, chosenKey, inner].filter((key) => key in keys);
  const written = table[inner] ?? [];
  if (Array.isArray(written) && written.length === 0)
    problems.push({ path: inner, what: 'is missing', hint: `Add [[${inner}]], with double brackets, for each point.` });
  const whole = { ...keys, ...ownKeys, [idKey]: undefined, [chosenKey]: undefined, [inner]: written };
  const isLegible = table[list] === undefined || isTable(table[list]);
  const filled = read(entry, isLegible ? whole : table[list], list, section);
  problems.push(...terms.problems(filled, list));

  const points = new Map<string, { readonly written: TomlTable; readonly point: object }>();
  if (problems.length + foreign.length === 0) {
    const filledIn = tablesIn(filled[inner]);
    tablesIn(written).forEach((one, index) => {
      const point = filledIn[index];
      if (point === undefined) return;
      markOfProfile(point, head.id);
      points.set(String(one.name), { written: one, point });
    });
  }
  // points are not in the section of the entry, as they are in a configuration
  const placed = problems.map(({ path, what, hint }) => ({
    path: path.replace(`${list}.${inner}`, inner),
    what: what.replace(`${list}.${inner}[`, `${inner}[`),
    hint,
  }));
  const profile = { file, head, serial: serial as DeviceProfile['serial'], keys, points };
  return { profile, problems: [...placed, ...foreign.map((key) => foreignKey(`${list}.${key}`, section))] };
}

function unknownSections(table: TomlTable, known: readonly string[]): Problem[] {
  return Object.keys(table)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: printableKey(key),
      what: 'is not a section of a device profile',
      hint: `Allowed sections: ${known.join(', ')}.`,
    }));
}

function idProblems(own: string, id: string | undefined): Problem[] {
  if (id === undefined || own === id) return [];
  const what = `is "${own}", but the profile is used as "${id}"`;
  return [{ path: 'profile.id', what, hint: 'The name of the file is the id and .toml: correct one of them.' }];
}

function foreignKey(path: string, section: string): Problem {
  return { path, what: 'belongs to one device', hint: `Write it in the [[${section}]] that uses the profile.` };
}
