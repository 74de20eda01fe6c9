/** A device profile: all that a type of device needs in the configuration, read from a file of its own; types and marks. */
import type { z } from 'zod';
import type { TomlTable } from '../toml.ts';
import type { PROFILE_HEAD, SERIAL } from './profile-keys.ts';

export interface DeviceProfile {
  readonly file: string;
  readonly head: z.output<typeof PROFILE_HEAD>;
  /** Factory settings of the serial port, as far as the file has them. */
  readonly serial: Partial<z.output<typeof SERIAL>>;
  /** Keys of an entry, as the file has them. */
  readonly keys: TomlTable;
  /** Inner entries by name, in the order of the file: as the file has them, and with their defaults. */
  readonly points: ReadonlyMap<string, { readonly written: TomlTable; readonly point: object }>;
}

const OF_PROFILE = Symbol('of a device profile');

/** Marks an inner entry that a profile gives unchanged to all its entries. Comparisons and JSON do not see the mark. */
export function markOfProfile(point: object, id: string): void {
  Object.defineProperty(point, OF_PROFILE, { value: id });
}

/** Id of the profile that has given the entry; `undefined`: the entry, or a part of it, is in the configuration. */
export function givenByProfile(point: object): string | undefined {
  return (point as { readonly [OF_PROFILE]?: string })[OF_PROFILE];
}
