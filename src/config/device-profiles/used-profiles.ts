/** Device profiles that a text of a configuration uses, before anything else of the text is checked. Pure. */
import { DEFAULT_PROFILE_DIR } from '../default-places.ts';
import { isTable, readToml, tablesIn } from '../toml.ts';
import { profiledDriver } from './profile-keys.ts';

export interface ProfileUse {
  /** Ids, each once. */
  readonly ids: readonly string[];
  /** Folder for profiles of the machine. */
  readonly folder: string;
}

/** @param text text of a file, valid or not; no profile is used by a text that is not TOML */
export function profileUseOf(text: string): ProfileUse {
  const toml = readToml(text);
  const file = toml.ok ? toml.value : {};
  const { driver, terms } = profiledDriver();
  const entries = tablesIn(file.link)
    .filter((link) => link.driver === driver)
    .flatMap((link) => tablesIn(link[terms.list]));
  const ids = entries.map((entry) => entry[terms.idKey]).filter((id) => typeof id === 'string');
  const { profile_dir: folder } = isTable(file.gateway) ? file.gateway : {};
  return {
    ids: [...new Set(ids)],
    folder: typeof folder === 'string' && folder.startsWith('/') ? folder : DEFAULT_PROFILE_DIR,
  };
}
