/** Sections of a list with their paths, and the check of unique keys among them. */
import { whereKnown } from './known.ts';
import type { Problem } from './problem.ts';

/** A section of a list with its path. */
export interface Placed<Section> {
  readonly path: string;
  readonly section: Section;
}

export function placed<Section>(list: string, sections: readonly Section[]): Placed<Section>[] {
  return sections.map((section, index) => ({ path: `${list}[${index}]`, section }));
}

/** Problems of sections whose `key` has the same value as in an earlier section. */
export function duplicates<Section>(
  list: readonly Placed<Section>[],
  key: string,
  keyValue: (section: Section) => string | undefined,
): Problem[] {
  const firstPath = new Map<string, string>();
  return list.flatMap(({ path, section }) => {
    const [value] = whereKnown(() => [keyValue(section)]);
    const first = value === undefined ? undefined : firstPath.get(value);
    if (value !== undefined && first === undefined) firstPath.set(value, path);
    if (first === undefined) return [];
    const what = `is "${value}", the same as ${first}.${key}`;
    return [{ path: `${path}.${key}`, what, hint: `Use a different ${key} for each.` }];
  });
}
