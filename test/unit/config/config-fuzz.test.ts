/**
 * Tests with any text as configuration: never a throw, always problems with a place and a remedy, in bounded time.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesIn } from '../../../src/config/default-places.ts';
import { withProfiles } from '../../../src/config/device-profiles/attached-profiles.ts';
import { withHubPatch } from '../../../src/config/hub-patch.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { GENERIC, HUB } from './config-rig.ts';

const MODBUS = GENERIC.replace(
  'path = "/dev/ttyUSB0"',
  `path = "/dev/ttyUSB0"
driver = "modbus"
[[link.unit]]
id = "meter-1"
address = 7
poll_ms = 500
[[link.unit.point]]
name = "power"
table = "holding"
address = 12
type = "float32"
scale = 0.1
writable = true
min = 0
max = 10`,
);
const LINES = GENERIC.replace(
  'path = "/dev/ttyUSB0"',
  `path = "/dev/ttyUSB0"
driver = "lines"
[link.lines]
subdevice = "meter-1"
topic = "t/{1}"
pattern = "^(a+)+b$"`,
);
const SEEDS = [GENERIC, HUB, MODBUS, LINES];

const NASTY_VALUES = [
  ...['0', '-1', '1.5', '1e999', '9007199254740993', '9223372036854775808', '-0', 'nan', 'inf', '0xffffffff'],
  ...['""', '"\\u0000"', '"\\u001b[2J"', '"__proto__"', '"a/b/#"', "'''\n'''", 'true', '1979-05-27', '07:32:00'],
  ...['[]', '[[]]', '{}', '[{}]', '["", 1, true]', '{ a = { b = {} } }', '[nan]', '"$("', `"${'x'.repeat(70_000)}"`],
];
const NASTY_LINES = [
  ...['[gateway]', '[[gateway]]', '[hub.x]', '[[link]]', '[[link.unit]]', '[[link.unit.point]]', '[link.lines]'],
  ...[
    '[__proto__]',
    'constructor = 1',
    '"" = 1',
    '"a\\nb" = 2',
    'a.b.c.d.e = 1',
    '[',
    ']]',
    '=',
    '\0',
    '\uFEFF',
    '\uD800',
  ],
];

interface Mutation {
  readonly at: number;
  readonly kind: 'value' | 'line' | 'cut' | 'swap' | 'text';
  readonly which: number;
  readonly text: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1000),
  kind: fc.constantFrom('value', 'line', 'cut', 'swap', 'text'),
  which: fc.nat(1000),
  text: fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 })),
});

function mutated(seed: string, { at, kind, which, text }: Mutation): string {
  const lines = seed.split('\n');
  const place = at % lines.length;
  switch (kind) {
    case 'value':
      return lines
        .with(
          place,
          (lines[place] ?? '').replace(/=.*$/, () => `= ${NASTY_VALUES[which % NASTY_VALUES.length]}`),
        )
        .join('\n');
    case 'line':
      return lines.toSpliced(place, 0, NASTY_LINES[which % NASTY_LINES.length] ?? '').join('\n');
    case 'cut':
      return seed.slice(0, at % (seed.length + 1));
    case 'swap':
      return lines.with(place, lines[which % lines.length] ?? '').join('\n');
    case 'text':
      return seed.slice(0, at % (seed.length + 1)) + text + seed.slice(which % (seed.length + 1));
  }
}

function expectAnswer(text: string): void {
  const parsed = parseConfig(text);
  placesIn(text);
  if (parsed.ok) return;
  expect(parsed.problems.length).toBeGreaterThan(0);
  for (const { path, what, hint } of parsed.problems) {
    expect(path).toMatch(/^\P{Cc}{1,2000}$/u);
    expect(what).toMatch(/^\P{Cc}+$/u);
    expect(what.length).toBeLessThan(1000);
    expect(hint).not.toBe('');
  }
}

const PROFILE = `[profile]
id = "acme"
name = "A"
vendor = "B"
source = "C"
[serial]
baud_rate = 9600
[unit]
poll_ms = 500
[[point]]
name = "power"
table = "input"
address = 12
[[point]]
name = "energy"
table = "holding"
address = 20
type = "uint32"
nan = [0xffffffff]
`;
const PROFILED = MODBUS.replace('poll_ms = 500', 'profile = "acme"\nprofile_points = ["energy"]');
const OPENED = `${MODBUS}[remote]
config = ["link", "subdevice", "outbox"]
config_topic = "a/b"
config_report_topic = "a/c"
`;
const [LINK = ''] = /(?<=\[\[link\]\]\nname = ").*(?=")/.exec(GENERIC) ?? [];
const PATCH = {
  link: { [LINK]: { baud_rate: 19_200 }, new: { path: 'usb:1' } },
  subdevice: { new: {} },
  outbox: { hold_ms: 5 },
};

describe('a device profile of any text', () => {
  it('is answered with problems, each with its place, and so is the file that uses it', () => {
    const mutations = fc.array(mutation, { maxLength: 4 });
    fc.assert(
      fc.property(mutations, mutations, (ofProfile, ofFile) => {
        const text = ofProfile.reduce(mutated, PROFILE);
        const file = ofFile.reduce(mutated, PROFILED);
        expectAnswer(withProfiles(file, { profiles: { acme: { file: '/profiles/acme.toml', text } } }));
      }),
      { numRuns: 300 },
    );
  });

  it('has problems if a value is of any other kind', () => {
    for (const value of NASTY_VALUES)
      for (const line of PROFILED.split('\n').filter((one) => one.includes('='))) {
        const file = PROFILED.replace(
          line,
          line.replace(/=.*$/, () => `= ${value}`),
        );
        expectAnswer(withProfiles(file, { profiles: { acme: { file: '/profiles/acme.toml', text: PROFILE } } }));
      }
  });

  it('is not used if the line with the profiles was written by another program', () => {
    for (const line of [
      '{',
      '{}',
      '[]',
      'null',
      '{"profiles":null}',
      '{"profiles":{"acme":null}}',
      '{"profiles":{"acme":{}}}',
    ])
      expectAnswer(`${PROFILED}#:profiles ${line}\n`);
    fc.assert(fc.property(fc.json(), (line) => expectAnswer(`${PROFILED}#:profiles ${line}\n`)));
  });

  it.each(['constructor', 'valueof', 'proto'])('is not found by an id that is part of the language: %s', (id) => {
    expect(parseConfig(withProfiles(PROFILED.replace('"acme"', `"${id}"`), { profiles: {} }))).toMatchObject({
      problems: [{ path: 'link[0].unit[0].profile', what: `is "${id}", and no device profile has that id` }],
    });
  });
});

describe('a configuration of any text', () => {
  it('is answered with problems if the hub changes it', () => {
    expect(withHubPatch(OPENED, PATCH)).toContain('baud_rate = 19200');
    for (const value of NASTY_VALUES)
      for (const line of OPENED.split('\n').filter((one) => one.includes('=')))
        expectAnswer(
          withHubPatch(
            OPENED.replace(
              line,
              line.replace(/=.*$/, () => `= ${value}`),
            ),
            PATCH,
          ),
        );
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(mutations, (all) => expectAnswer(withHubPatch(all.reduce(mutated, OPENED), PATCH))));
  });

  it('is answered with problems, each with its place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 6 }), (seed, mutations) => {
        expectAnswer(mutations.reduce(mutated, seed));
      }),
      { numRuns: 300 },
    );
  });

  it('can consist of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expectAnswer(Buffer.from(bytes).toString('utf8'));
      }),
    );
  });

  it.each([
    ['10 MB', 'x'.repeat(10_000_000)],
    ['4 MB of lists', `a = ${'['.repeat(4_000_000)}`],
    ['deep lists, closed', `a = ${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['deep tables', `a = ${'{a='.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['a deep key', `${'a.'.repeat(100_000)}a = 1`],
    ['a deep section', `[${'a.'.repeat(100_000)}a]`],
    ['many links', '[[link]]\n'.repeat(100_000)],
    ['the largest number of links', '[[link]]\n'.repeat(1000)],
    ['many subdevices', `${GENERIC}${'[[subdevice]]\nid = "y"\n'.repeat(9000)}`],
    ['many unknown keys', Array.from({ length: 100_000 }, (_, index) => `k${index} = 1`).join('\n')],
    ['one key of a megabyte', `${'k'.repeat(1_000_000)} = 1`],
    ['4 MB of NUL', '\0'.repeat(4_000_000)],
    ['4 MB in one string', `a = "${'x'.repeat(4_000_000)}"`],
    ['4 MB of escapes', `a = "${'\\\\'.repeat(2_000_000)}"`],
    ['4 MB of open strings', '"""'.repeat(1_300_000)],
    ['4 MB of digits', `a = ${'9'.repeat(4_000_000)}`],
    ['4 MB of comments', '#\n'.repeat(2_000_000)],
    ['4 MB of blanks', ' '.repeat(4_000_000)],
  ])('of %s is answered', (_, text) => {
    expectAnswer(text);
  });
});
