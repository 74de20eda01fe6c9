/** Keys of the file of a device profile. Those of a unit and of its points have the schemas of the configuration. */
import { z } from 'zod';
import { DRIVERS } from '../../driver/drivers.ts';
import type { ProfiledList } from '../../driver/link-driver.ts';
import { LINK_KEYS } from '../keys.ts';
import { means, PROFILE_ID } from '../kinds/key-kinds.ts';

const line = (most: number) => z.string().min(1).max(most);

/** Keys of `[profile]`. */
export const PROFILE_HEAD = z.strictObject({
  id: PROFILE_ID.meta(means('Id of the profile. The name of the file is the id and .toml.')),
  name: line(100).meta(means('Name of the type of device, or of several with the same registers.')),
  vendor: line(100).meta(means('Maker of the device.')),
  source: line(500).meta(means('Where the registers are described: title and version of the public manual.')),
  notes: line(2000)
    .optional()
    .meta(means('What a technician must know: wiring, settings, values that may be missing.')),
});

/** Keys of `[serial]`: factory settings of the device, as a hint. */
export const SERIAL = z.strictObject({
  baud_rate: LINK_KEYS.baud_rate,
  parity: LINK_KEYS.parity,
  stop_bits: LINK_KEYS.stop_bits,
});

/** Sections of a profile's file for the key table. */
export const PROFILE_SECTIONS = { profile: PROFILE_HEAD, serial: SERIAL } as const;

/** The driver with device profiles, and the schema of what a profile may have. */
interface ProfiledDriver {
  readonly driver: string;
  readonly terms: ProfiledList;
  /** Section of an entry in the key table: `link.unit`. */
  readonly section: string;
  /** Schema of an entry. */
  readonly entry: z.ZodObject;
}

/** @throws if no driver has profiles */
export function profiledDriver(): ProfiledDriver {
  for (const { name, profiled, lists } of DRIVERS) {
    if (profiled === undefined) continue;
    const section = `link.${profiled.list}`;
    const entry = lists[section];
    if (entry instanceof z.ZodObject) return { driver: name, terms: profiled, section, entry };
  }
  throw new Error('no driver has device profiles');
}
