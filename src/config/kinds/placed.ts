/** Sections of a list with their paths, and the check of unique keys among them. */
import type { Problem } from './problem.ts';

/** A section of a list with its path. */
export interface Placed<Section> {
  readonly path: string;
  readonly section: Section;
}

/** Leaves out the sections that could not be read. */
export function placed<Section>(list: string, sections: readonly (Section | undefined)[]): Placed<Section>[] {
  return sections.flatMap((section, index) => (section === undefined ? [] : [{ path: `${list}[${index}]`, section }]));
}

/** Problems of sections whose `key` has the value of an earlier one. */
export function duplicates<Section>(
  list: readonly Placed<Section>[],
  key: string,
  keyValue: (section: Section) => string,
): Problem[] {
  const firstPath = new Map<string, string>();
  return list.flatMap(({ path, section }) => {
    const value = keyValue(section);
    const first = firstPath.get(value);
    if (first === undefined) firstPath.set(value, path);
    if (first === undefined) return [];
    const what = `is "${value}", the same as ${first}.${key}`;
    return [{ path: `${path}.${key}`, what, hint: `Use a different ${key} for each.` }];
  });
}
