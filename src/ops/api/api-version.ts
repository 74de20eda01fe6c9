/**
 * Version of the control API: paths, commands and the keys of their answers. Every answer names it in a header. It rises
 * when an older client or gateway would misread the other; a new path or key does not raise it.
 */
export const API_VERSION = 1;
export const API_HEADER = 'holdfast-api';

/** Difference between the version that an answer names and that of this program, as words; `undefined`: none. */
export function versionDifference(header: string | string[] | undefined): string | undefined {
  if (header === undefined)
    return `it names no version of the control API: it may be another program or an older gateway`;
  const version = /^\d{1,6}$/.test(String(header)) ? Number(header) : Number.NaN;
  if (version === API_VERSION) return undefined;
  if (Number.isNaN(version)) return 'it names a version of the control API that is not a number';
  const age = version > API_VERSION ? 'a newer' : 'an older';
  return `it is ${age} gateway: it speaks version ${version} of the control API, this holdfast version ${API_VERSION}`;
}
