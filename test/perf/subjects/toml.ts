/** Text of a configuration file. A string, a number, a boolean and a list of strings are the same in TOML and in JSON. */

export type Keys = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export function section(heading: string, keys: Keys): string {
  const lines = Object.entries(keys).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} = ${JSON.stringify(value)}`],
  );
  return [heading, ...lines, ''].join('\n');
}
