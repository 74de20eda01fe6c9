/** Parts of a support archive with the device profiles that the configuration uses: a list, and the text of each. */
import { type UsedProfiles, usedProfilesIn } from '../ops/complete-config.ts';
import { type Collector, leftOut } from './collector.ts';
import { redactConfig } from './redact.ts';

/** Largest number of profiles with their texts, because the archive has a bounded size. */
const TEXTS_MAX = 16;
const MS_MAX = 5000;

/** @param completeText text of the configuration with its profiles; @returns none if it uses no profile */
export function profileCollectors(completeText: string): readonly Collector[] {
  const { folder, used, missing } = usedProfilesIn(completeText);
  if (used.length + missing.length === 0) return [];
  const files = used.map(({ id, profile: { file, unreadable = null, replaces = null } }) => {
    return { id, file, unreadable, replaces };
  });
  const list = { folder, used: files, missing };
  return [
    { file: 'profiles.json', msMax: MS_MAX, collect: async () => ({ kind: 'value', value: list }) },
    ...used.map(({ id, profile }, index) => textCollector(`profiles/${id}.toml`, profile, index < TEXTS_MAX)),
  ];
}

function textCollector(
  file: string,
  { text, unreadable }: UsedProfiles['used'][number]['profile'],
  hasRoom: boolean,
): Collector {
  return {
    file,
    msMax: MS_MAX,
    collect: async () => {
      if (!hasRoom) return leftOut(`more than ${TEXTS_MAX} profiles are used`);
      return text === undefined
        ? leftOut(`it ${unreadable ?? 'cannot be read'}`)
        : { kind: 'text', text: redactConfig(text) };
    },
  };
}
