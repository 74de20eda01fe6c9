/** Conversion of keys of the file, `keep_alive_s`, to names of the program, `keepAliveS`. */

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key;

/** Type of a section after the conversion of its keys. */
export type CamelKeys<Section> = { readonly [Key in keyof Section & string as Camel<Key>]: Section[Key] };

/** @param shape object that contains the keys to convert; the section may have other keys */
export function camelKeys<Section extends object, Key extends keyof Section>(
  section: Section,
  shape: Readonly<Record<Key, unknown>>,
): CamelKeys<Pick<Section, Key>> {
  const entries = Object.entries(section).filter(([key]) => key in shape);
  return Object.fromEntries(entries.map(([key, value]) => [camel(key), value])) as CamelKeys<Pick<Section, Key>>;
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
