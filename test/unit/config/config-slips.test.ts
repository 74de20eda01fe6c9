/** The problems that the configuration file reports for mistakes, and for files that are no configuration. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyRows } from '../../../src/config/key-table.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { GENERIC, pathsOf, problemsOf, under } from './config-rig.ts';

describe('a mistake is reported with its place and a hint', () => {
  it.each<{ slip: string; text: string; path: string; what: RegExp; hint: RegExp }>([
    { slip: 'broken TOML', text: '[gateway]\nname = shed', path: 'line 2, column 8', what: /not TOML/, hint: /quotes/ },
    {
      slip: 'an integer that no double holds',
      text: '[gateway]\nname = 0x8000000000000000',
      path: 'line 2, column 8',
      what: /not TOML/,
      hint: /as a text, where the key allows it: "0x8000000000000000"/,
    },
    {
      slip: 'the name that other programs have for WebSocket with TLS',
      text: under('[hub]', 'transport = "wss"'),
      path: 'hub.transport',
      what: /is "wss"/,
      hint: /transport = "ws" and tls = "on"/,
    },
    {
      slip: 'a text that is too long',
      text: under('[hub]', `uplink_topic = "{subdevice}/{topic}${'a'.repeat(255)}"`),
      path: 'hub.uplink_topic',
      what: /longer than 255 characters/,
      hint: /Allowed: text, at most 255 characters\./,
    },
    {
      slip: 'a mistyped key',
      text: under('[gateway]', 'log_levle = "info"'),
      path: 'gateway.log_levle',
      what: /not a key/,
      hint: /mean log_level\?/,
    },
    {
      slip: 'a key with hyphens',
      text: under('[hub]', 'keep-alive-s = 60'),
      path: 'hub.keep-alive-s',
      what: /not a key/,
      hint: /mean keep_alive_s\?/,
    },
    {
      slip: 'a key of another section',
      text: under('[gateway]', 'baud_rate = 9600'),
      path: 'gateway.baud_rate',
      what: /not a key/,
      hint: /under \[\[link\]\]/,
    },
    {
      slip: 'a mistyped section',
      text: `${GENERIC}[outbix]`,
      path: 'outbix',
      what: /not a section/,
      hint: /mean \[outbox\]\?/,
    },
    {
      slip: 'single brackets around a link',
      text: GENERIC.replace('[[link]]', '[link]'),
      path: 'link',
      what: /not a list/,
      hint: /\[\[link\]\]/,
    },
    {
      slip: 'a number in quotes',
      text: under('[[link]]', 'baud_rate = "9600"'),
      path: 'link[0].baud_rate',
      what: /"9600", not a whole number/,
      hint: /300 to 4000000/,
    },
    {
      slip: 'a fraction',
      text: under('[hub]', 'port = 1.5'),
      path: 'hub.port',
      what: /1\.5, not a whole number/,
      hint: /1 to 65535/,
    },
    {
      slip: 'a number out of range',
      text: under('[hub]', 'port = 70000'),
      path: 'hub.port',
      what: /70000, more than 65535/,
      hint: /1 to 65535/,
    },
    {
      slip: 'an unknown choice',
      text: under('[gateway]', 'log_level = "loud"'),
      path: 'gateway.log_level',
      what: /"loud"/,
      hint: /"debug", "info"/,
    },
    {
      slip: 'a relative path',
      text: GENERIC.replace('/dev/ttyUSB0', 'ttyUSB0'),
      path: 'link[0].path',
      what: /"ttyUSB0"/,
      hint: /absolute path/,
    },
    {
      slip: 'a scheme before the host',
      text: GENERIC.replace('hub.ex', 'mqtt://hub.ex'),
      path: 'hub.host',
      what: /mqtt:/,
      hint: /without scheme/,
    },
    {
      slip: 'a missing key',
      text: GENERIC.replace('name = "meters"', ''),
      path: 'link[0].name',
      what: /is missing/,
      hint: /Name of the link/,
    },
    {
      slip: 'a reserved topic id',
      text: under('[[link]]', 'predefined_topics = [{ id = 65535, topic = "t" }]'),
      path: 'link[0].predefined_topics[0].id',
      what: /65535/,
      hint: /1 to 65534/,
    },
    {
      slip: 'a socket path that is too long for a socket',
      text: under('[gateway]', `control_socket = "/${'x'.repeat(96)}"`),
      path: 'gateway.control_socket',
      what: /longer than 96/,
      hint: /path/,
    },
    {
      slip: 'a key that names the prototype',
      text: under('[gateway]', '"__proto__" = 1'),
      path: 'gateway.__proto__',
      what: /not a key/,
      hint: /keys of \[gateway\]/,
    },
  ])('$slip', ({ text, path, what, hint }) => {
    const problem = problemsOf(text).find((candidate) => candidate.path === path);
    expect(problem?.what).toMatch(what);
    expect(problem?.hint).toMatch(hint);
  });

  it('all mistakes are reported at once, each once', () => {
    const text = `${under('[gateway]', 'colour = "red"')}\n[[link]]\nname = "meters"\npath = "/dev/ttyUSB0"\nbaud_rate = 1\n[inbox]\nhold_ms = -1`;
    expect(pathsOf(text)).toEqual([
      'gateway.colour',
      'inbox.hold_ms',
      'link[1].baud_rate',
      'link[1].name',
      'link[1].path',
    ]);
  });

  it('control characters in a mistake are escaped', () => {
    const text = under('[gateway]', '"a\\u001b[31m" = 1\nlog_level = "\\u001b[31m"');
    expect(problemsOf(text)).toHaveLength(2);
    for (const { path, what } of problemsOf(text)) expect(`${path}${what}`).not.toContain('\u001b');
  });
});

describe('a hostile file', () => {
  it('never makes the reader throw, for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof parseConfig(text).ok === 'boolean'));
  });

  it('never makes the reader throw, for any values', () => {
    const values = fc.constantFrom(
      '0',
      '-1',
      '1.5',
      'nan',
      '""',
      '"x"',
      'true',
      '[]',
      '{}',
      '[{}]',
      '1979-05-27',
      '"\\u0000"',
      '[1, "a"]',
    );
    const rows = fc.constantFrom(...keyRows());
    fc.assert(
      fc.property(rows, values, ({ section, key }, value) => {
        const heading = section === 'link' || section === 'subdevice' ? `[[${section}]]` : `[${section}]`;
        return typeof parseConfig(`${heading}\n${key} = ${value}`).ok === 'boolean';
      }),
    );
  });

  it('that is too large for a configuration is rejected without being read', () => {
    expect(problemsOf('#'.repeat(5_000_000))).toMatchObject([{ path: 'file' }]);
  });

  it('never causes more than 100 problems', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `key${index} = 1`).join('\n');
    expect(problemsOf(`[gateway]\n${keys}`)).toHaveLength(100);
  });
});

describe('a secret in the configuration', () => {
  it.each([
    ['[hub]', 'password = "s3cret"', 'password_file'],
    ['[hub]', 'device_secret = "s3cret"', 'device_secret_file'],
    ['[[subdevice]]', 'device_secret = "s3cret"', 'device_secret_file'],
  ])('below %s is refused with the remedy, and not repeated: %s', (heading, line, key) => {
    const [problem] = problemsOf(under(heading, line));
    expect(problem?.hint).toContain(`with mode 0600, and name that file with ${key}`);
    expect(JSON.stringify(problem)).not.toContain('s3cret');
  });
});
