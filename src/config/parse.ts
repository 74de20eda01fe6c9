/**
 * Parser of the configuration file, from text to `Config`: TOML, then its device profiles, then the sections by the table
 * of keys, then the rules across keys, then the defaults of the profile of the hub. Pure; the caller reads the file and
 * the device profiles (`device-profiles/attached-profiles.ts`). All problems are reported at once.
 */
import { decodeConfig } from './config-decode.ts';
import { CONFIG_BYTES_MAX } from './default-places.ts';
import { profilesIn, withoutProfiles } from './device-profiles/attached-profiles.ts';
import { ProfiledEntries } from './device-profiles/profiled-entries.ts';
import type { Problem } from './kinds/problem.ts';
import { ruleProblems } from './rules.ts';
import type { ParsedConfig } from './schema.ts';
import { readSections } from './sections.ts';
import { readToml } from './toml.ts';

/** Largest number of reported problems; bounds the report about a file of another program. */
const PROBLEMS_MAX = 100;

export function parseConfig(complete: string): ParsedConfig {
  const text = withoutProfiles(complete);
  if (text.length > CONFIG_BYTES_MAX) {
    const hint = 'Check that this is the configuration file of holdfast.';
    return rejected([{ path: 'file', what: 'is larger than 4 MiB', hint }]);
  }
  const table = readToml(text);
  if (!table.ok) return rejected([table.problem]);
  const profiled = new ProfiledEntries(table.value, profilesIn(complete));
  const { sections, problems } = readSections(profiled.file);
  profiled.fillIn(sections);
  const all = [...profiled.problems, ...profiled.ofKeys(problems), ...profiled.ofRules(ruleProblems(sections))];
  if (all.length > 0) return rejected(all.slice(0, PROBLEMS_MAX));
  return { ok: true, config: decodeConfig(sections), sections };
}

function rejected(problems: readonly Problem[]): ParsedConfig {
  return { ok: false, problems };
}
