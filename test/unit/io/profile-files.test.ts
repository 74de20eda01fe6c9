/** Files of device profiles: which one is found, and what cannot be one; and the digest of a configuration with its profiles. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patchedText } from '../../../src/app/config-source.ts';
import { Fault } from '../../../src/base/fault.ts';
import { profilesIn, withoutProfiles } from '../../../src/config/device-profiles/attached-profiles.ts';
import { configMarkOf, FileMark } from '../../../src/io/config-file.ts';
import { findProfile, profileIds, profilesOf, shippedProfiles } from '../../../src/io/profile-files.ts';
import { completeText, profileFiles, readCompleteConfig } from '../../../src/ops/complete-config.ts';

const SHIPPED = 'eastron-sdm120';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-profiles-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe('the file of a profile', () => {
  it('is the one of the machine, then the shipped one', () => {
    const own = folder();
    expect(findProfile(SHIPPED, own)?.file).toBe(join(shippedProfiles(), `${SHIPPED}.toml`));
    writeFileSync(join(own, `${SHIPPED}.toml`), 'own');
    writeFileSync(join(own, 'mine.toml'), 'mine');
    const replaces = join(shippedProfiles(), `${SHIPPED}.toml`);
    expect(findProfile(SHIPPED, own)).toEqual({ file: join(own, `${SHIPPED}.toml`), text: 'own', replaces });
    expect(findProfile('mine', own)).toEqual({ file: join(own, 'mine.toml'), text: 'mine' });
    expect(profileIds(own)).toEqual([...profileIds('/nonexistent'), 'mine'].sort());
  });

  it.each(['', '..', '../secret', 'a/b', 'A', 'a.toml', 'a\0b', `${'a'.repeat(65)}`])('is never that of %j', (id) => {
    const own = folder();
    mkdirSync(join(own, 'profiles'));
    writeFileSync(join(own, 'secret.toml'), 'secret');
    expect(findProfile(id, join(own, 'profiles'))).toBeUndefined();
  });

  it('that cannot be read is found with the reason, and does not fall back to the shipped one', () => {
    const own = folder();
    mkdirSync(join(own, `${SHIPPED}.toml`));
    expect(findProfile(SHIPPED, own)).toMatchObject({ unreadable: 'is a directory, not a file' });
    writeFileSync(join(own, 'full.toml'), '#'.repeat(1_048_576));
    expect(findProfile('full', own)?.text).toHaveLength(1_048_576);
    const longest = 'a'.repeat(64);
    writeFileSync(join(own, `${longest}.toml`), '');
    expect(findProfile(longest, own)?.text).toBe('');
    writeFileSync(join(own, 'large.toml'), '#'.repeat(1_048_577));
    expect(findProfile('large', own)).toMatchObject({ unreadable: 'is larger than 1 MiB' });
    symlinkSync('loop.toml', join(own, 'loop.toml'));
    expect(findProfile('loop', own)).toMatchObject({ unreadable: 'is a link that leads to itself' });
  });

  it('is not found without its folder, and a name that is no id is reported', () => {
    expect(profilesOf('/nonexistent')).toMatchObject({ ids: [], ignored: [], unreadable: undefined });
    const own = folder();
    for (const name of ['My-Meter.toml', 'notes.txt', 'good.toml']) writeFileSync(join(own, name), '');
    expect(profilesOf(own)).toMatchObject({ ids: ['good'], ignored: ['My-Meter.toml'] });
    expect(profilesOf(join(own, 'good.toml')).unreadable).toBeUndefined();
  });
});

describe('the complete text of a configuration', () => {
  const unit = (id: string) => `[[link.unit]]\nid = "a"\naddress = 1\nprofile = "${id}"\n`;
  const using = (own: string, id: string) =>
    `[gateway]\nprofile_dir = "${own}"\n[[link]]\ndriver = "modbus"\n${unit(id)}`;

  it('is that of the file if it uses no profile', () => {
    const text = '[gateway]\nname = "x"';
    expect(completeText(text)).toBe(text);
  });

  it('has the used profiles, and the known ids only if one is missing', () => {
    const own = folder();
    const found = profilesIn(completeText(using(own, SHIPPED)));
    expect(Object.keys(found.profiles)).toEqual([SHIPPED]);
    expect(found.known).toBeUndefined();
    expect(profilesIn(completeText(using(own, 'eastron-sdm12')))).toMatchObject({
      profiles: {},
      known: profileIds(own),
    });
  });

  it('has the profiles that the file uses with the changes of the hub', () => {
    const own = folder();
    writeFileSync(join(own, 'mine.toml'), 'mine');
    const file = `[remote]\nconfig = ["link"]\n${using(own, SHIPPED)}`.replace('[[link]]', '[[link]]\nname = "l"');
    const changes = { link: { l: { unit: [{ id: 'a', address: 1, profile: 'mine' }] } } };
    const text = patchedText(completeText(file), changes);
    expect(Object.keys(profilesIn(text).profiles)).toEqual(['mine']);
    expect(Object.keys(profilesIn(patchedText(completeText(file), {})).profiles)).toEqual([SHIPPED]);
  });

  it('is read again from a complete text, such as a rejected one that was copied back', () => {
    const own = folder();
    writeFileSync(join(own, 'mine.toml'), 'before');
    const complete = completeText(using(own, 'mine'));
    writeFileSync(join(own, 'mine.toml'), 'after');
    expect(profilesIn(completeText(complete)).profiles.mine?.text).toBe('after');
    expect(withoutProfiles(completeText(complete))).toBe(using(own, 'mine'));
  });

  it('has another digest if a profile appears, changes or disappears, and is read only then', () => {
    const own = folder();
    const path = join(own, 'holdfast.toml');
    writeFileSync(path, using(own, 'mine'));
    let reads = 0;
    const mark = new FileMark(path);
    const read = (rest = ''): string | undefined =>
      mark.of(rest, () => {
        reads += 1;
        const text = readCompleteConfig(path);
        return { text: `${text}${rest}`, files: [path, ...profileFiles(text)] };
      });
    const without = read();
    writeFileSync(join(own, 'mine.toml'), 'one');
    const one = read();
    const readsBefore = reads;
    expect(read()).toBe(one);
    expect(reads).toBe(readsBefore);
    expect(read('of the hub')).not.toBe(one);
    expect(read()).toBe(one);
    expect(one).toBe(configMarkOf(readCompleteConfig(path)));
    writeFileSync(join(own, 'mine.toml'), 'two, longer');
    const two = read();
    rmSync(join(own, 'mine.toml'));
    expect(read()).toBe(without);
    expect(new Set([without, one, two]).size).toBe(3);
    rmSync(path);
    expect(read()).toBeUndefined();
    expect(() => readCompleteConfig(path)).toThrow(Fault);
  });
});
