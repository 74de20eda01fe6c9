/** Changes of the hub over the configuration file: how they merge, and what the hub can never change. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/base/json-value.ts';
import {
  HUB_SECTIONS,
  hubPatchProblems,
  namedProblems,
  patchedKeys,
  sectionsForHub,
  withHubPatch,
} from '../../../src/config/hub-patch.ts';
import { keyRow, keysOf } from '../../../src/config/key-table.ts';
import { parseConfig } from '../../../src/config/parse.ts';

const file = (opened: string): string => `[gateway]
name = "g"
[hub]
profile = "generic"
host = "hub"
[remote]
config = ${opened}
config_topic = "holdfast/g/config"
config_report_topic = "holdfast/g/config/report"
[outbox]
commit_ms = 800
[[link]]
name = "meters"
path = "/dev/ttyAMA0"
baud_rate = 9600
[[link]]
name = "old"
path = "/dev/ttyAMA1"
[[subdevice]]
id = "a"
`;
const ALL = JSON.stringify(HUB_SECTIONS);

function configOf(patch: JsonObject, opened = ALL) {
  const parsed = parseConfig(withHubPatch(file(opened), patch));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

describe('the changes of the hub', () => {
  it('set, replace and remove values, and keep all others of the file', () => {
    const config = configOf({
      outbox: { commit_ms: null, hold_ms: 50 },
      link: { meters: { baud_rate: 19_200 }, old: null, more: { path: '/dev/ttyAMA2' } },
      subdevice: { b: {} },
    });
    expect(config.outbox).toMatchObject({ holdMs: 50 });
    expect(configOf({}).outbox.commitMs).toBe(800);
    expect(config.outbox.commitMs).toBe(100); // the default
    expect(config.links.map(({ name, baudRate }) => `${name} ${baudRate}`)).toEqual(['meters 19200', 'more 115200']);
    expect(config.subdevices.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(config.gateway.name).toBe('g');
  });

  it('leave a file byte for byte as it is if it opens no section, or if it is not TOML', () => {
    const patch = { outbox: { commit_ms: 1 } };
    expect(withHubPatch(file('[]'), patch)).toBe(file('[]'));
    expect(withHubPatch('[broken', patch)).toBe('[broken');
    expect(sectionsForHub(file('["link"]'))).toEqual(['link']);
    expect(sectionsForHub('remote = 3')).toEqual([]);
  });

  it('apply only to the sections that the file still opens', () => {
    const config = configOf({ outbox: { hold_ms: 50 }, link: { old: null } }, '["link"]');
    expect(config.outbox.holdMs).not.toBe(50);
    expect(config.links).toHaveLength(1);
  });

  it('do not hide a problem of the file', () => {
    const twice = file(ALL).replace('name = "old"', 'name = "meters"');
    const parsed = parseConfig(withHubPatch(twice, { link: { meters: { baud_rate: 300 } } }));
    expect(parsed.ok).toBe(false);
    const noList = file(ALL).replaceAll('[[subdevice]]', '[subdevice]');
    expect(parseConfig(withHubPatch(noList, { subdevice: { b: {} } })).ok).toBe(false);
  });

  it('have problems with the names of entries, whose positions the sender does not know', () => {
    const text = withHubPatch(file(ALL), { link: { more: { baud_rate: 1 } }, subdevice: { 'x y': {} } });
    const checked = parseConfig(text);
    const problems = checked.ok ? [] : checked.problems;
    const pathsOf = (list: typeof problems) => list.map(({ path }) => path);
    expect(pathsOf(problems)).toEqual(expect.arrayContaining(['link[2].path', 'link[2].baud_rate', 'subdevice[1].id']));
    expect(pathsOf(namedProblems(text, problems))).toEqual(
      expect.arrayContaining(['link[more].path', 'link[more].baud_rate', 'subdevice["x y"].id']),
    );
  });

  it('are named by their keys, without values', () => {
    const patch = { outbox: { hold_ms: 1 }, link: { meters: { baud_rate: 1 }, old: null }, subdevice: { b: {} } };
    expect(patchedKeys(patch)).toEqual(['outbox.hold_ms', 'link[meters].baud_rate', 'link[old]', 'subdevice[b]']);
  });
});

describe('the hub cannot change', () => {
  const pathsOf = (patch: JsonObject, allowed: readonly string[] = HUB_SECTIONS): string[] =>
    hubPatchProblems(patch, allowed).map(({ path }) => path);

  it('a section that the file has not opened, or that no file can open', () => {
    expect(pathsOf({ outbox: { hold_ms: 1 } }, ['link'])).toEqual(['outbox']);
    for (const section of ['gateway', 'remote', 'web', 'metrics', 'nonsense'])
      expect(pathsOf({ [section]: {} }), section).toEqual([section]);
    expect(pathsOf({ outbox: { hold_ms: 1 } }), 'negative control').toEqual([]);
  });

  it('the address of the hub, its TLS, and the identity of the gateway', () => {
    const forbidden = keysOf('hub').filter((key) => pathsOf({ hub: { [key]: 'x' } }).length > 0);
    for (const key of ['profile', 'host', 'port', 'tls', 'tls_pins', 'client_id', 'username', 'password_file', 'bind'])
      expect(forbidden).toContain(key);
    expect(forbidden).not.toContain('keep_alive_s');
    for (const key of keysOf('hub'))
      if (/^(tls|device|product|password|client|user|transport|ws|proxy)/.test(key)) expect(forbidden).toContain(key);
  });

  it('what only the check keeps out: without it the gateway would connect elsewhere (negative control)', () => {
    expect(configOf({ hub: { host: 'attacker.example' } }).hub.host).toBe('attacker.example');
    expect(pathsOf({ hub: { host: 'attacker.example' } })).toEqual(['hub.host']);
  });

  it.each(HUB_SECTIONS)('a key of [%s] that names a file or a program', (section) => {
    const wrap = (key: string): JsonObject => {
      const table = { [key]: 'x' };
      return section === 'link' || section === 'subdevice' ? { [section]: { one: table } } : { [section]: table };
    };
    const named = keysOf(section).filter((key) => /absolute path/.test(keyRow(section, key)?.type ?? ''));
    for (const key of named) expect(pathsOf(wrap(key)), key).toHaveLength(1);
    expect(pathsOf(wrap('some_file'))).toHaveLength(1);
    expect(pathsOf({ link: { one: { inner: [{ a_command: ['x'] }] } } })).toHaveLength(1);
  });

  it.each(['/dev/watchdog', '/etc/shadow', '/dev/ttyS0/../mem', 'tcp://10.0.0.1:22', '/dev/serial/by-id/../../mem', 5])(
    'the path of a link to what is not named like a serial port: %s',
    (path) => {
      expect(pathsOf({ link: { meters: { path } } })).toEqual(['link[meters].path']);
      for (const good of ['usb:0403:6001:A1:00', 'by-path:x', '/dev/ttyUSB0', '/dev/serial/by-id/usb-x'])
        expect(pathsOf({ link: { meters: { path: good } } }), good).toEqual([]);
    },
  );

  it('the name of an entry, and a shape that is not a table', () => {
    expect(pathsOf({ link: { meters: { name: 'x' } } })).toEqual(['link[meters].name']);
    expect(pathsOf({ subdevice: { a: { id: 'x' } } })).toEqual(['subdevice[a].id']);
    expect(pathsOf({ link: [], outbox: 5, inbox: null })).toEqual(['link', 'outbox', 'inbox']);
    expect(pathsOf({ link: { meters: { subdevices: [null] } } })).toEqual(['link[meters].subdevices[0]']);
    expect(pathsOf({ link: { ['x'.repeat(1000)]: 1 } })[0]?.length, 'a long name is cut').toBeLessThan(60);
  });

  it('a key that TOML cannot write, on which the gateway would end (negative control)', () => {
    const patch = JSON.parse(String.raw`{"outbox": {"\ud800": 1}, "link": {"meters": {"a": [{"\udfff": 1}]}}}`);
    expect(hubPatchProblems(patch, HUB_SECTIONS).map(({ what }) => what)).toEqual(
      Array(2).fill('is not valid Unicode'),
    );
    expect(() => withHubPatch(file(ALL), { outbox: patch.outbox })).toThrow('lone surrogates');
  });

  it('names of the language itself', () => {
    const patch = JSON.parse('{"outbox": {"__proto__": {"hold_ms": 1}}, "__proto__": {"x": 1}}');
    expect(pathsOf(patch)).toContain('__proto__');
    expect(Object(parseConfig(withHubPatch(file(ALL), { outbox: patch.outbox }))).ok).toBe(false);
    expect(Object.hasOwn({}, 'hold_ms')).toBe(false);
  });
});
