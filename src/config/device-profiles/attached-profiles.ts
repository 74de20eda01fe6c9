/**
 * Texts of device profiles, attached to the text of a configuration as its last line. So the text of a configuration
 * is complete: its digest, its comparison with another one, its confirmed copy and a rollback include the profiles that
 * it uses. A configuration without profiles has no such line, and its text is that of its file.
 *
 *     #:profiles {"profiles":{"eastron-sdm120":{"file":"/…/eastron-sdm120.toml","text":"…"}}}
 *
 * The line is a comment of TOML. A file that has one, such as a copy of a complete text, is read without it. Pure.
 */
import { isTable } from '../toml.ts';

/** File of a device profile as it was read. */
export interface ProfileText {
  readonly file: string;
  /** Content; `undefined`: the file cannot be read. */
  readonly text?: string;
  /** Predicate of the file: why it cannot be read. */
  readonly unreadable?: string;
  /** Shipped file with the same id, which this one replaces. */
  readonly replaces?: string;
}

export interface AttachedProfiles {
  /** Files of the used profiles by id. An id without a file is absent. */
  readonly profiles: Readonly<Record<string, ProfileText>>;
  /** All ids, for hints; only if one of the used ones has no file. */
  readonly known?: readonly string[];
}

const NONE: AttachedProfiles = { profiles: {} };
const MARK = '#:profiles ';
const ATTACHED = new RegExp(`(?:^|\\n)${MARK}(\\{[^\\n]*\\})\\n?$`);

/** Text of the file alone. */
export function withoutProfiles(text: string): string {
  const found = ATTACHED.exec(text);
  // the line feed before the mark belongs to the file
  return found === null ? text : text.slice(0, found.index + (text[found.index] === '\n' ? 1 : 0));
}

/** @param text text of a file, without profiles */
export function withProfiles(text: string, attached: AttachedProfiles): string {
  // DEL is the only character of JSON that a comment of TOML may not have
  const json = JSON.stringify(attached).replaceAll('\u007f', '\\u007f');
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${MARK}${json}\n`;
}

/** Profiles of a complete text; none if the line was not written by `withProfiles`. */
export function profilesIn(text: string): AttachedProfiles {
  const [, json = ''] = ATTACHED.exec(text) ?? [];
  try {
    const attached: unknown = JSON.parse(json);
    return isAttached(attached) ? attached : NONE;
  } catch {
    return NONE;
  }
}

function isAttached(value: unknown): value is AttachedProfiles {
  if (!isTable(value) || !isTable(value.profiles)) return false;
  return Object.values(value.profiles).every(
    (profile) =>
      isTable(profile) &&
      typeof profile.file === 'string' &&
      (profile.text === undefined || typeof profile.text === 'string'),
  );
}
