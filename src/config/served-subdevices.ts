/** Subdevices that a link serves. */
import { driverNamed } from '../driver/drivers.ts';
import type { LinkSection, SubdeviceSection } from './keys.ts';

/** Returns the ids of the subdevices on a link. `undefined`: any subdevice. */
export function allowedOn(
  link: LinkSection,
  subdevices: readonly SubdeviceSection[],
  acceptsUnknown: boolean,
): readonly string[] | undefined {
  const driver = driverNamed(link.driver);
  const listed = driver.listed(link, '');
  if (listed.length > 0 || !driver.servesUnlisted) return listed.map(({ id }) => id);
  if (acceptsUnknown) return undefined;
  return subdevices
    .filter((subdevice) => subdevice.link === undefined || subdevice.link === link.name)
    .map((subdevice) => subdevice.id);
}
