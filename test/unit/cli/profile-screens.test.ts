/** `profiles list`, `profiles check` and `config check` with device profiles: what they print, in at most 80 columns. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkProfile } from '../../../src/cli/check-profile.ts';
import { checkConfig } from '../../../src/cli/config-check.ts';
import type { CommandContext } from '../../../src/cli/context.ts';
import { listProfiles } from '../../../src/cli/list-profiles.ts';
import { findProfile, profileIds, shippedProfiles } from '../../../src/io/profile-files.ts';

const WIDTH = 80;
const ID = 'peacefair-pzem016';

interface Screen {
  readonly context: CommandContext;
  /** Folder for profiles of the machine. */
  readonly folder: string;
  readonly lines: string[];
}

function openScreen(asJson = false): Screen {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-screens-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const folder = join(home, 'profiles');
  mkdirSync(folder);
  const configPath = join(home, 'holdfast.toml');
  const link = `[[link]]\nname = "l"\npath = "/dev/serial/by-path/x"\ndriver = "modbus"\n`;
  const unit = `[[link.unit]]\nid = "a"\naddress = 1\nprofile = "${ID}"\n`;
  const head = `[gateway]\nname = "gw"\nprofile_dir = "${folder}"\nstate_dir = "${home}"\nallow_volatile_store = true\n`;
  const hub = `control_socket = "${home}/c.sock"\n[hub]\nprofile = "generic"\nhost = "hub.example.net"\n`;
  writeFileSync(configPath, `${head}${hub}${link}${unit}[[subdevice]]\nid = "a"\n`);
  const lines: string[] = [];
  const terminal = {
    isScreen: true,
    width: WIDTH,
    print: (line: string) => void lines.push(...line.split('\n')),
    tone: (_tone: string, words: string) => words,
  };
  return { context: { terminal, configPath, socketPath: undefined, asJson }, folder, lines };
}

/** Copies a shipped profile into the folder of the machine. */
function copy(folder: string, change: (text: string) => string = (text) => text): string {
  const file = join(folder, `${ID}.toml`);
  writeFileSync(file, change(findProfile(ID, '/nonexistent')?.text ?? ''));
  return file;
}

describe('profiles list', () => {
  it('shows the shipped profiles', () => {
    const { context, lines } = openScreen();
    expect(listProfiles(context)).toBe(0);
    for (const id of profileIds('/nonexistent'))
      expect(lines.find((line) => line.startsWith(`${id} `))).toMatch(/shipped$/);
    expect(lines.filter((line) => line.length > WIDTH)).toEqual([]);
  });

  it('says that a file of the machine replaces a shipped profile, and that another is not usable', () => {
    const { context, folder, lines } = openScreen();
    copy(folder);
    writeFileSync(join(folder, 'broken.toml'), '[profile]\n');
    listProfiles(context);
    expect(lines.find((line) => line.startsWith(ID))).toContain('own, replaces shipped');
    expect(lines.find((line) => line.startsWith('broken'))).toMatch(/not usable: \d+ problems/);
    expect(lines.filter((line) => line.length > WIDTH)).toEqual([]);
  });
});

describe('profiles check', () => {
  it.each(profileIds('/nonexistent'))('shows source and points of %s', (id) => {
    const { context, lines } = openScreen();
    expect(checkProfile(context, id)).toBe(0);
    expect(lines[0]).toContain(shippedProfiles());
    expect(lines.join('\n')).toMatch(/^Source {6}\S/m);
    expect(lines.filter((line) => line.length > WIDTH && !line.includes('/'))).toEqual([]);
  });

  it('lists the problems of a file with their places, and ends with 78', () => {
    const { context, folder, lines } = openScreen();
    const file = copy(folder, (text) => text.replace('address = 0', 'address = -1').replace('vendor', 'vender'));
    expect(checkProfile(context, file)).toBe(78);
    const text = lines.join(' ').replaceAll(/\s+/g, ' ');
    expect(text).toContain('profile.vender is not a key of a device profile. -> Did you mean vendor?');
    expect(text).toContain('point[0].address is -1, less than 0.');
  });

  it('says that a file replaces the shipped profile', () => {
    const { context, folder, lines } = openScreen();
    copy(folder);
    expect(checkProfile(context, ID)).toBe(0);
    expect(lines.join(' ')).toContain('It replaces the shipped profile');
  });

  it('prints the same as JSON', () => {
    const { context, lines } = openScreen(true);
    checkProfile(context, ID);
    const { profile } = JSON.parse(lines.join(''));
    expect(profile).toMatchObject({ id: ID, replaces: null, serial: { baudRate: 9600, parity: 'none', stopBits: 1 } });
    expect(profile.points[1]).toEqual({
      ...{ name: 'current', table: 'input', address: 1, type: 'uint32', scale: 0.001, unit: 'A', pollMs: null },
    });
  });

  it('names the id that was probably meant, or the file that does not exist', () => {
    const { context } = openScreen();
    expect(() => checkProfile(context, 'peacefair-pzem06')).toThrow(
      expect.objectContaining({ hint: `Did you mean ${ID}?` }),
    );
    expect(() => checkProfile(context, './none.toml')).toThrow(/does not exist/);
  });
});

describe('config check', () => {
  it('warns of a profile of the machine that replaces a shipped one', async () => {
    const { context, folder, lines } = openScreen();
    copy(folder);
    expect(await checkConfig(context, context.configPath)).toBe(0);
    const text = lines.join(' ').replaceAll(/\s+/g, ' ');
    expect(text).toContain(`is used instead of the shipped profile ${ID}`);
  });

  it('shows the problems of a profile with its file', async () => {
    const { context, folder, lines } = openScreen();
    const file = copy(folder, (text) => text.replace('address = 0', 'address = -1'));
    expect(await checkConfig(context, context.configPath)).toBe(78);
    expect(lines.join('').replaceAll(/\s+/g, '')).toContain(`${file}point[0].addressis-1,lessthan0.`);
  });
});
