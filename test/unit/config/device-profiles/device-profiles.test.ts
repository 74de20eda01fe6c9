/** Device profiles in a configuration: what a profile gives, what the file changes, and every mistake with its place. */
import { describe, expect, it } from 'vitest';
import { changesBetween, type LoadedConfig } from '../../../../src/config/config-changes.ts';
import { valuesOf } from '../../../../src/config/config-values.ts';
import {
  type AttachedProfiles,
  profilesIn,
  withoutProfiles,
  withProfiles,
} from '../../../../src/config/device-profiles/attached-profiles.ts';
import { readProfile } from '../../../../src/config/device-profiles/profile-file.ts';
import { profileUseOf } from '../../../../src/config/device-profiles/used-profiles.ts';
import { keysOf } from '../../../../src/config/key-table.ts';
import { parseConfig } from '../../../../src/config/parse.ts';
import { driverNamed } from '../../../../src/driver/drivers.ts';
import type { ModbusOptions } from '../../../../src/driver/modbus/options.ts';
import { configOf, pathsOf, problemsOf } from '../config-rig.ts';

const FILE = '/profiles/acme-9.toml';
const PROFILE = `
[profile]
id = "acme-9"
name = "Nine"
vendor = "Acme"
source = "Acme, manual of the Nine, version 1"

[serial]
baud_rate = 9600

[unit]
poll_ms = 5000
gap_max = 3
word_order = "CDAB"

[[point]]
name = "power"
table = "input"
address = 10
type = "int32"
scale = 0.1

[[point]]
name = "energy"
table = "input"
address = 20
type = "uint32"
unit_of_measurement = "kWh"
poll_ms = 60000

[[point]]
name = "limit"
table = "holding"
address = 5
writable = true
max = 80
`;

const HEAD = `
[gateway]
name = "gw-1"
[hub]
profile = "generic"
host = "hub.example.net"
[[link]]
name = "meters"
path = "/dev/ttyUSB0"
driver = "modbus"
`;

/** @param units keys of each unit, after its id and address */
function fileOf(units: readonly string[]): string {
  const entries = units.map((keys, at) => `[[link.unit]]\nid = "m${at}"\naddress = ${at + 1}\n${keys}\n`);
  const subdevices = units.map((_, at) => `[[subdevice]]\nid = "m${at}"\n`);
  return [HEAD, ...entries, ...subdevices].join('\n');
}

const USED = 'profile = "acme-9"';

function complete(units: readonly string[], profile = PROFILE, more: Partial<AttachedProfiles> = {}): string {
  return withProfiles(fileOf(units), { profiles: { 'acme-9': { file: FILE, text: profile } }, ...more });
}

function unitsOf(text: string): ModbusOptions['units'] {
  return configOf(text).links.flatMap(({ options }) => (options as ModbusOptions).units);
}

function loaded(text: string): LoadedConfig {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

describe('a unit with a device profile', () => {
  it('has the keys and the points of the profile', () => {
    const [unit] = unitsOf(complete([USED]));
    expect(unit).toMatchObject({ subdevice: 'm0', address: 1, gapMax: 3 });
    expect(unit?.points).toMatchObject([
      { name: 'power', table: 'input', address: 10, type: 'int32', scale: 0.1, order: 'CDAB', pollMs: 5000 },
      { name: 'energy', address: 20, type: 'uint32', order: 'CDAB', pollMs: 60_000 },
      { name: 'limit', table: 'holding', address: 5, isWritable: true, max: 80 },
    ]);
  });

  it('is polled and written as if its points were in the file', () => {
    const [link] = configOf(complete([USED])).links;
    const driver = driverNamed('modbus');
    expect(driver.filtersFor(link?.options ?? {}, 'm0')).toEqual(['set']);
    expect(driver.profileOf(link?.options ?? {}, 'm0')).toBe('acme-9');
    expect(driver.profileOf(link?.options ?? {}, 'other')).toBeUndefined();
  });

  it('has the keys of the file above those of the profile', () => {
    const [unit] = unitsOf(complete([`${USED}\npoll_ms = 1000\nword_order = "ABCD"`]));
    expect(unit?.points).toMatchObject([
      { name: 'power', order: 'ABCD', pollMs: 1000 },
      { name: 'energy', order: 'ABCD', pollMs: 60_000 },
      { name: 'limit', pollMs: 1000 },
    ]);
  });

  it('has points of the file that change those of the profile by name, and additional ones at the end', () => {
    const points = `
[[link.unit.point]]
name = "more"
table = "coil"
address = 3
[[link.unit.point]]
name = "energy"
scale = 0.001
poll_ms = 30000`;
    const [unit] = unitsOf(complete([`${USED}${points}`]));
    expect(unit?.points).toMatchObject([
      { name: 'power', scale: 0.1 },
      { name: 'energy', table: 'input', address: 20, type: 'uint32', scale: 0.001, pollMs: 30_000 },
      { name: 'limit' },
      { name: 'more', table: 'coil', address: 3, type: 'bool' },
    ]);
  });

  it('has only the chosen points of the profile, and those of the file', () => {
    const chosen = `${USED}\nprofile_points = ["limit"]\n[[link.unit.point]]\nname = "power"\ndeadband = 5`;
    const [unit] = unitsOf(complete([chosen]));
    expect(unit?.points.map(({ name }) => name)).toEqual(['power', 'limit']);
  });

  it('shares the points of the profile with the other units of the link', () => {
    const changed = `${USED}\n[[link.unit.point]]\nname = "power"\nscale = 1`;
    const text = complete([USED, USED, changed]);
    const [one, two, three] = unitsOf(text);
    expect(one?.points[0]).toBe(two?.points[0]);
    expect(one?.points[1]).toBe(three?.points[1]);
    expect(one?.points[0]).not.toBe(three?.points[0]);
    const [link] = loaded(text).sections.links;
    const [first, second] = (link as unknown as { unit: { point: object[] }[] }).unit;
    expect(first?.point[2]).toBe(second?.point[2]);
  });

  it('lets texts have their own order in spite of the order of the unit', () => {
    const text = complete(
      [USED],
      `${PROFILE}\n[[point]]\nname = "serial"\ntable = "input"\naddress = 40\ntype = "string"\nlength = 8`,
    );
    expect(unitsOf(text)[0]?.points.at(-1)).toMatchObject({ name: 'serial', order: 'ABCD' });
  });
});

describe('a profile', () => {
  const OF_THE_DEVICE = ['id', 'address', 'profile', 'profile_points', 'point'];

  it('can have every key of a unit but those of one device, and every key of a point', () => {
    const ofUnit = keysOf('link.unit').filter((key) => !OF_THE_DEVICE.includes(key));
    const ofPoint = keysOf('link.unit.point').filter((key) => key !== 'name');
    const lines = (keys: readonly string[]) => keys.map((key) => `${key} = []`).join('\n');
    const text = `[unit]\n${lines(ofUnit)}\n[[point]]\nname = "a"\n${lines(ofPoint)}`;
    const { problems } = readProfile({ file: FILE, text }, undefined);
    expect(problems.filter(({ what }) => /is not a key|belongs to one device/.test(what))).toEqual([]);
    // negative control: the keys were read
    for (const key of [...ofUnit.map((one) => `unit.${one}`), ...ofPoint.map((one) => `point[0].${one}`)])
      if (key !== 'point[0].nan') expect(problems.map(({ path }) => path)).toContain(`${FILE} ${key}`);
  });

  it.each(OF_THE_DEVICE)('cannot have the key %s, which belongs to one device', (key) => {
    const { problems } = readProfile({ file: FILE, text: PROFILE.replace('[unit]', `[unit]\n${key} = 1`) }, undefined);
    expect(problems.map(({ path }) => path)).toContain(`${FILE} unit.${key}`);
  });
});

describe('a mistake', () => {
  const problemsWith = (unit: string, profile = PROFILE, more: Partial<AttachedProfiles> = {}) =>
    problemsOf(complete([unit], profile, more));

  it('in the id is reported with the id that was probably meant', () => {
    const text = withProfiles(fileOf(['profile = "acme-8"']), { profiles: {}, known: ['acme-9', 'other'] });
    expect(problemsOf(text)).toEqual([
      {
        path: 'link[0].unit[0].profile',
        what: 'is "acme-8", and no device profile has that id',
        hint: 'Did you mean "acme-9"?',
      },
    ]);
  });

  it('in the form of the id is reported once', () => {
    expect(pathsOf(fileOf(['profile = "../../etc/passwd"']))).toEqual(['link[0].unit[0].profile']);
  });

  it('in the file of a profile is reported with the file, all at once, and once for all units', () => {
    const broken = PROFILE.replace('address = 10', 'address = 70000')
      .replace('name = "Nine"\n', '')
      .replace('scale', 'scal');
    const more = `${broken}\n[extra]\nx = 1\n[[point]]\nname = "power"\ntable = "input"\naddress = 1`;
    const problems = problemsOf(complete([USED, USED, `${USED}\nheartbeat_s = -1`], more));
    expect(problems.map(({ path, what }) => `${path} ${what}`)).toEqual([
      `${FILE} extra is not a section of a device profile`,
      `${FILE} profile.name is missing`,
      `${FILE} point[0].scal is not a key of a device profile`,
      `${FILE} point[0].address is 70000, more than 65535`,
      `${FILE} point[3].name is "power", the same as point[0].name`,
      'link[0].unit[2].heartbeat_s is -1, less than 0',
    ]);
    expect(problems[2]?.hint).toBe('Did you mean scale?');
  });

  it('in a rule of the points of a profile is reported with its file', () => {
    const problems = problemsWith(USED, PROFILE.replace('type = "int32"', 'type = "string"'));
    expect(problems).toMatchObject([{ path: `${FILE} point[0].length`, what: 'is missing' }]);
  });

  it('that no TOML is, is reported with the line of the file', () => {
    expect(problemsWith(USED, '[profile\n')).toMatchObject([{ path: `${FILE} line 1, column 9` }]);
  });

  it('of a key that belongs to one device is reported', () => {
    const problems = problemsWith(USED, PROFILE.replace('[unit]', '[unit]\naddress = 7\nprofile = "x"'));
    expect(problems).toMatchObject([
      { path: `${FILE} unit.address`, what: 'belongs to one device' },
      { path: `${FILE} unit.profile`, what: 'belongs to one device' },
    ]);
  });

  it('of an id that is not the name of the file is reported', () => {
    expect(problemsWith(USED, PROFILE.replace('"acme-9"', '"acme-8"'))).toMatchObject([
      { path: `${FILE} profile.id`, what: 'is "acme-8", but the profile is used as "acme-9"' },
    ]);
  });

  it('of a profile without points, or with a table in the place of the list, is reported', () => {
    const head = PROFILE.slice(0, PROFILE.indexOf('[[point]]'));
    expect(problemsWith(USED, head)).toMatchObject([{ path: `${FILE} point`, what: 'is missing' }]);
    expect(problemsWith(USED, `${head}[point]\nname = "a"`)).toMatchObject([{ path: `${FILE} point` }]);
  });

  it('of a file that cannot be read is reported', () => {
    const profiles = { 'acme-9': { file: FILE, unreadable: 'may not be read by user holdfast' } };
    expect(problemsOf(withProfiles(fileOf([USED]), { profiles }))).toMatchObject([
      { path: FILE, what: 'may not be read by user holdfast' },
    ]);
  });

  it('of the name of a changed point is reported with the name that was probably meant', () => {
    const problems = problemsWith(`${USED}\n[[link.unit.point]]\nname = "enery"\nscale = 2`);
    expect(problems).toEqual([
      {
        path: 'link[0].unit[0].point[0].name',
        what: 'is "enery", which is no point of profile "acme-9"',
        hint: 'Did you mean "energy"?',
      },
    ]);
  });

  it('of a chosen point is reported', () => {
    expect(problemsWith(`${USED}\nprofile_points = ["power", "powr"]`)).toMatchObject([
      { path: 'link[0].unit[0].profile_points[1]', hint: 'Did you mean "power"?' },
    ]);
    expect(
      pathsOf(fileOf(['profile_points = ["power"]\n[[link.unit.point]]\nname = "a"\ntable = "coil"\naddress = 1'])),
    ).toEqual(['link[0].unit[0].profile_points']);
  });

  it('of a changed point has the place of the file, although other points come before it', () => {
    const points = `
[[link.unit.point]]
name = "limit"
min = 90
[[link.unit.point]]
name = "energy"
scale = 0
[[link.unit.point]]
name = "energy"
deadband = -1`;
    expect(problemsWith(`${USED}${points}`).map(({ path, what }) => `${path} ${what}`)).toEqual([
      'link[0].unit[0].point[2].deadband is -1, less than 0',
      'link[0].unit[0].point[1].scale is 0',
      'link[0].unit[0].point[0].min is 90, more than max',
      'link[0].unit[0].point[2].name is "energy", the same as link[0].unit[0].point[1].name',
    ]);
  });

  it('of a profile that does not fit to the unit is reported once', () => {
    const text = complete([USED]).replace('address = 1\n', 'address = 0\n');
    expect(problemsOf(text)).toMatchObject([
      { path: 'link[0].unit[0].profile', what: 'is "acme-9", and writable of its point power is false' },
    ]);
  });

  it('elsewhere in the unit is reported too if the profile cannot be used, and no key of the profile is missing', () => {
    const unit = `${USED}\nheartbeat_s = -1\n[[link.unit.point]]\nname = "power"\nscale = 0\n[[link.unit.point]]\ntype = 5`;
    expect(problemsWith(unit, '').map(({ path }) => path)).toEqual([
      `${FILE} profile.id`,
      `${FILE} profile.name`,
      `${FILE} profile.vendor`,
      `${FILE} profile.source`,
      `${FILE} point`,
      'link[0].unit[0].heartbeat_s',
      'link[0].unit[0].point[1].name',
      'link[0].unit[0].point[1].type',
    ]);
  });
});

describe('a unit without a profile', () => {
  it('needs points, each with its table and address', () => {
    expect(pathsOf(fileOf(['']))).toEqual(['link[0].unit[0].point']);
    expect(pathsOf(fileOf(['[[link.unit.point]]\nname = "a"']))).toEqual([
      'link[0].unit[0].point[0].table',
      'link[0].unit[0].point[0].address',
    ]);
  });
});

describe('a changed profile', () => {
  const other = PROFILE.replace('scale = 0.1', 'scale = 0.01');

  it('is a change of the points of its units, and restarts their link', () => {
    const changes = changesBetween(loaded(complete([USED])), loaded(complete([USED], other)));
    expect(changes).toEqual([
      {
        key: 'link[meters].unit[m0].point[power].scale',
        change: 'changed',
        ...{ old: '0.1', new: '0.01', restarts: 'link', links: ['meters'] },
      },
    ]);
  });

  it('is no change for a unit whose file has the changed key', () => {
    const own = `${USED}\n[[link.unit.point]]\nname = "power"\nscale = 7`;
    expect(changesBetween(loaded(complete([own])), loaded(complete([own], other)))).toEqual([]);
  });

  it('is no change if only its notes differ', () => {
    const noted = PROFILE.replace('[serial]', 'notes = "Terminal 5 is A."\n[serial]');
    expect(changesBetween(loaded(complete([USED])), loaded(complete([USED], noted)))).toEqual([]);
  });

  it('is not spelled out in an added unit', () => {
    const own = `${USED}\n[[link.unit.point]]\nname = "power"\nscale = 7`;
    const [change] = changesBetween(loaded(complete([USED])), loaded(complete([USED, own])));
    expect(change).toMatchObject({ key: 'link[meters].unit[m1]', change: 'added' });
    expect(change?.new).toContain('profile = "acme-9"');
    expect(change?.new).toContain('name = "power"');
    expect(change?.new).not.toContain('energy');
  });

  it('is named with each value that it gives', () => {
    const { sections } = loaded(complete([`${USED}\n[[link.unit.point]]\nname = "power"\nscale = 7`]));
    expect(valuesOf(sections, 'link.unit.point', 'address')).toEqual([
      { place: 'link[meters].unit[m0].point[power].address', text: '10', profile: undefined },
      { place: 'link[meters].unit[m0].point[energy].address', text: '20', profile: 'acme-9' },
      { place: 'link[meters].unit[m0].point[limit].address', text: '5', profile: 'acme-9' },
    ]);
  });
});

describe('a complete text', () => {
  it('is the text of the file and a comment of TOML', () => {
    const text = complete([USED], `${PROFILE}# \u007f "\\ \u2028`);
    expect(withoutProfiles(text)).toBe(fileOf([USED]));
    expect(text.slice(fileOf([USED]).length)).toMatch(/^#:profiles [^\n]*\n$/);
    expect(profilesIn(text).profiles['acme-9']?.text).toBe(`${PROFILE}# \u007f "\\ \u2028`);
    expect(text).not.toContain('\u007f');
  });

  it.each(['', 'a = 1', 'a = 1\n', 'a = 1\r\n'])('can be taken apart: %j', (own) => {
    const text = withProfiles(own, { profiles: {} });
    expect(withoutProfiles(text)).toBe(own === 'a = 1' ? 'a = 1\n' : own);
    expect(withoutProfiles(own)).toBe(own);
  });

  it('names the profiles that the file uses, and the folder for those of the machine', () => {
    const text = fileOf([USED, USED, 'profile = "other"', 'profile = 5']);
    expect(profileUseOf(text)).toEqual({ ids: ['acme-9', 'other'], folder: '/etc/holdfast/profiles' });
    expect(profileUseOf(text.replace('[hub]', 'profile_dir = "/x"\n[hub]')).folder).toBe('/x');
    expect(profileUseOf(text.replace('[hub]', 'profile_dir = "x"\n[hub]')).folder).toBe('/etc/holdfast/profiles');
    expect(profileUseOf(text.replace('"modbus"', '"lines"')).ids).toEqual([]);
    expect(profileUseOf('[broken').ids).toEqual([]);
  });
});
