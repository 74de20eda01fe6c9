/** Keys and values of a file as a problem prints them. Pure. */

/** Largest length of a value in a problem; a longer value is cut. */
const PRINTED_LENGTH_MAX = 40;

/** Returns a key for a path: quoted if it has special characters, cut if it is long. */
export function printableKey(key: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(key) ? key : printable(key);
}

/** Returns a value of the file in printable form: quoted, control characters escaped, cut. */
export function printable(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= PRINTED_LENGTH_MAX ? text : `${text.slice(0, PRINTED_LENGTH_MAX)}…`;
}
