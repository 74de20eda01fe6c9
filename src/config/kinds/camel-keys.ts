/** Conversion of keys of the file, `keep_alive_s`, to names of the program, `keepAliveS`. */

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key;

/** Type of a section after the conversion of its keys. */
export type CamelKeys<Section> = { readonly [Key in keyof Section & string as Camel<Key>]: Section[Key] };

export function camelKeys<Section extends object>(section: Section): CamelKeys<Section> {
  const entries = Object.entries(section).map(([key, value]) => [camel(key), value]);
  return Object.fromEntries(entries);
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
