/** Shapes of answers: the keys that a client reads, and the types of their values. Pure. */

/** `maybe`: the shape or null. A list holds values of one shape; a record has any keys with such values. */
export type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | { readonly maybe: Shape }
  | { readonly list: Shape }
  | { readonly record: Shape }
  | { readonly keys: Readonly<Record<string, Shape>> };

export const keys = (shapes: Readonly<Record<string, Shape>>): Shape => ({ keys: shapes });
export const maybe = (shape: Shape): Shape => ({ maybe: shape });
export const list = (shape: Shape): Shape => ({ list: shape });
export const named = (names: string, shape: Shape): Record<string, Shape> =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]));

/** Finds the first place of a value that does not fit, e.g. `hub.host`; `undefined`: the whole value fits. */
export function misfit(shape: Shape, value: unknown, place = ''): string | undefined {
  const here = place === '' ? 'all of it' : place;
  if (typeof shape === 'string') return fits(shape, value) ? undefined : here;
  if ('maybe' in shape) return value === null ? undefined : misfit(shape.maybe, value, place);
  if ('list' in shape)
    return Array.isArray(value) ? firstOf(value.map((one, index) => [shape.list, one, `${place}[${index}]`])) : here;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return here;
  const below = (key: string): string => (place === '' ? key : `${place}.${key}`);
  const entries = new Map<string, unknown>(Object.entries(value));
  return 'record' in shape
    ? firstOf([...entries].map(([key, one]) => [shape.record, one, below(key)]))
    : firstOf(Object.entries(shape.keys).map(([key, one]) => [one, entries.get(key), below(key)]));
}

function firstOf(parts: readonly (readonly [Shape, unknown, string])[]): string | undefined {
  for (const part of parts) {
    const found = misfit(...part);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fits(kind: 'text' | 'number' | 'flag', value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string';
  return kind === 'number' ? Number.isFinite(value) : typeof value === 'boolean';
}
