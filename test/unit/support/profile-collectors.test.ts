/** Device profiles in a support archive: the list of those in use, and their texts without comments and secrets. */
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { withProfiles } from '../../../src/config/device-profiles/attached-profiles.ts';
import { makeArchive } from '../../../src/support/archive.ts';
import { profileCollectors } from '../../../src/support/profile-collectors.ts';

const unitsWith = (ids: readonly string[]): string =>
  `[[link]]\ndriver = "modbus"\n${ids.map((id) => `[[link.unit]]\nprofile = "${id}"\n`).join('')}`;

async function archiveOf(text: string) {
  const { bytes, parts } = await makeArchive(profileCollectors(text), [], () => undefined);
  const files = unzipSync(bytes);
  return { parts, textOf: (file: string): string => Buffer.from(files[file] ?? []).toString() };
}

it('has the text of each profile in use, without its comments, and the list of the files', async () => {
  const meter = {
    file: '/etc/holdfast/profiles/meter.toml',
    text: 'title = "Meter" # PLANTED\n',
    replaces: '/shipped',
  };
  const closed = { file: '/etc/holdfast/profiles/closed.toml', unreadable: 'may not be read by this user' };
  const text = withProfiles(unitsWith(['meter', 'closed', 'gone', 'meter']), { profiles: { meter, closed } });
  const { parts, textOf } = await archiveOf(text);
  expect(textOf('profiles/meter.toml')).toBe('title = "Meter" # (removed)\n');
  expect(JSON.parse(textOf('profiles.json'))).toMatchObject({
    used: [
      { id: 'meter', file: meter.file, unreadable: null, replaces: '/shipped' },
      { id: 'closed', file: closed.file, unreadable: closed.unreadable },
    ],
    missing: ['gone'],
  });
  expect(parts.find(({ file }) => file === 'profiles/closed.toml')?.leftOut).toBe('it may not be read by this user');
});

it('has nothing of a configuration without profiles', async () => {
  expect((await archiveOf('[gateway]\nname = "g"\n')).parts).toEqual([]);
});

it('has the texts of at most 16 profiles, and names the others', async () => {
  const ids = Array.from({ length: 17 }, (_, index) => `meter-${index}`);
  const profiles = Object.fromEntries(ids.map((id) => [id, { file: `/p/${id}.toml`, text: 'title = "M"\n' }]));
  const { parts } = await archiveOf(withProfiles(unitsWith(ids), { profiles }));
  expect(parts.filter(({ leftOut }) => leftOut === null)).toHaveLength(17);
  expect(parts.at(-1)).toMatchObject({ file: 'profiles/meter-16.toml', leftOut: 'more than 16 profiles are used' });
});
