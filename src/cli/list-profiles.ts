/** `holdfast profiles list`: the device profiles, those of the machine and those shipped with the program. */
import { EXIT } from '../base/fault.ts';
import { findProfile, profileIds, profilesOf, shippedProfiles } from '../io/profile-files.ts';
import { countOf } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { profileFolder } from './profile-folder.ts';
import { type ProfileSummary, summaryOf } from './profile-report.ts';
import { renderTable } from './table.ts';
import { hangOnScreen } from './terminal.ts';
import { warn } from './warning.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'profile' },
  { heading: 'device', shrinks: true },
  { heading: 'points', align: 'right' },
  { heading: 'from' },
];

export function listProfiles(context: CommandContext): number {
  const folder = profileFolder(context);
  const profiles = profileIds(folder).flatMap((id) => {
    const found = findProfile(id, folder);
    return found === undefined ? [] : [summaryOf(found, id)];
  });
  reportFolder(context, folder);
  if (context.asJson) printJson(context, 'profiles', { folder, shipped: shippedProfiles(), profiles });
  else for (const line of lines(context, folder, profiles)) context.terminal.print(line);
  return EXIT.ok;
}

function lines({ terminal }: CommandContext, folder: string, profiles: readonly ProfileSummary[]): string[] {
  const rows = profiles.map((profile) => [
    profile.id,
    profile.problems.length > 0 ? `not usable: ${countOf(profile.problems.length, 'problem')}` : deviceWords(profile),
    profile.problems.length > 0 ? '-' : String(profile.points.length),
    originOf(profile, folder),
  ]);
  return [
    renderTable(COLUMNS, rows, terminal),
    ...hangOnScreen(
      '',
      `Points and source of a profile: holdfast profiles check ID. Own profiles: ${folder}.`,
      terminal,
    ),
  ];
}

function deviceWords({ vendor, name }: ProfileSummary): string {
  return `${vendor ?? ''} ${name ?? ''}`;
}

function originOf({ file, replaces }: ProfileSummary, folder: string): string {
  if (replaces !== null) return 'own, replaces shipped';
  return file.startsWith(folder) ? 'own' : 'shipped';
}

/** Reports files that no configuration can use. */
function reportFolder(context: CommandContext, folder: string): void {
  const { ignored, unreadable } = profilesOf(folder);
  if (unreadable !== undefined)
    warn(
      context,
      `The folder of device profiles ${folder} ${unreadable}.`,
      'Make it readable for this user, or use sudo.',
    );
  for (const name of ignored)
    warn(
      context,
      `${folder}/${name} is ignored: its name is not an id.`,
      'Rename it: 1 to 64 lower-case letters, digits, - or _, and .toml; write the same id into it.',
    );
}
