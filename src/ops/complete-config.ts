/**
 * Complete text of a configuration: the text of its file with the texts of the device profiles that it uses
 * (`config/device-profiles/attached-profiles.ts`). The gateway and the command line read the configuration here.
 */
import { CONFIG_BYTES_MAX } from '../config/default-places.ts';
import {
  type ProfileText,
  profilesIn,
  withoutProfiles,
  withProfiles,
} from '../config/device-profiles/attached-profiles.ts';
import { profileUseOf } from '../config/device-profiles/used-profiles.ts';
import { readConfigFile } from '../io/config-file.ts';
import { findProfile, profileIds, profilePaths } from '../io/profile-files.ts';

/** @throws Fault `config-unreadable` */
export function readCompleteConfig(path: string): string {
  return completeText(readConfigFile(path, CONFIG_BYTES_MAX));
}

/** Paths at which the device profiles of a text may be. */
export function profileFiles(text: string): readonly string[] {
  const { ids, folder } = profileUseOf(text);
  return ids.flatMap((id) => profilePaths(id, folder));
}

/** Attaches the device profiles that a text uses, as they are now. @param text text of a configuration, valid or not */
export function completeText(text: string): string {
  const own = withoutProfiles(text);
  const { ids, folder } = profileUseOf(own);
  if (ids.length === 0) return own;
  const found = ids.flatMap((id) => {
    const file = findProfile(id, folder);
    return file === undefined ? [] : [[id, file] as const];
  });
  const profiles = Object.fromEntries(found);
  return withProfiles(own, found.length === ids.length ? { profiles } : { profiles, known: profileIds(folder) });
}

/** Device profiles that a complete text uses. */
export interface UsedProfiles {
  /** Folder of the machine. */
  readonly folder: string;
  readonly used: readonly { readonly id: string; readonly profile: ProfileText }[];
  /** Ids without a file. */
  readonly missing: readonly string[];
}

export function usedProfilesIn(completeText: string): UsedProfiles {
  const { ids, folder } = profileUseOf(withoutProfiles(completeText));
  const { profiles } = profilesIn(completeText);
  const used = ids.flatMap((id) => {
    const profile = profiles[id];
    return profile === undefined ? [] : [{ id, profile }];
  });
  return { folder, used, missing: ids.filter((id) => profiles[id] === undefined) };
}

/** Text of the file alone. */
export function ownTextOf(completeText: string): string {
  return withoutProfiles(completeText);
}
