/** Commands for device profiles. */
import type { Command } from 'commander';
import type { Add } from './add-command.ts';

export function addProfiles(add: Add, program: Command): void {
  const profiles = program.command('profiles').description('Commands for device profiles');
  add(
    'list',
    'List the device profiles that a [[link.unit]] can name',
    async ({ context }) => (await import('../list-profiles.ts')).listProfiles(context),
    profiles,
  );
  add(
    'check <name>',
    'Check a device profile, a file or an id, and show its source and points',
    async ({ context, words }) => (await import('../check-profile.ts')).checkProfile(context, words[0] ?? ''),
    profiles,
  );
}
