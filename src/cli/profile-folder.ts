/** Folder for device profiles of the machine, as the configuration names it. */
import { Fault } from '../base/fault.ts';
import { DEFAULT_PROFILE_DIR } from '../config/default-places.ts';
import { profileUseOf } from '../config/device-profiles/used-profiles.ts';
import { type CommandContext, readConfigText } from './context.ts';

/** @returns the default if the configuration cannot be read */
export function profileFolder({ configPath }: CommandContext): string {
  try {
    return profileUseOf(readConfigText(configPath)).folder;
  } catch (error) {
    if (error instanceof Fault) return DEFAULT_PROFILE_DIR;
    throw error;
  }
}
