/** Section `[metrics]`: only addresses of this machine, unless a second key allows others. */
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { warningsOf } from '../../../src/config/warnings.ts';

const BASE = `[gateway]
name = "g"
accept_unknown_subdevices = true
[hub]
profile = "generic"
host = "hub"
[[link]]
name = "l"
path = "/dev/ttyAMA0"
`;

const parse = (keys: string) => parseConfig(`${BASE}[metrics]\n${keys}`);

it.each([
  ['', undefined],
  ['listen = "127.0.0.1:9464"', { host: '127.0.0.1', port: 9464, hostNames: [] }],
  ['listen = "127.9.9.9:1"', { host: '127.9.9.9', port: 1, hostNames: [] }],
  ['listen = "[::1]:65535"\nhost_names = ["gw.local"]', { host: '::1', port: 65_535, hostNames: ['gw.local'] }],
  ['listen = "0.0.0.0:9464"\nallow_remote = true', { host: '0.0.0.0', port: 9464, hostNames: [] }],
])('%j is valid', (keys, metrics) => {
  const parsed = parse(keys);
  expect(parsed.ok ? parsed.config.metrics : parsed.problems).toEqual(metrics);
});

it.each([
  ['listen = "0.0.0.0:9464"', /which other machines can reach/],
  ['listen = "192.168.1.5:9464"', /which other machines can reach/],
  ['listen = "[::]:9464"', /which other machines can reach/],
  ['listen = "127.0.0.1:0"', /not an IP address and a port/],
  ['listen = "127.0.0.1:65536"', /not an IP address and a port/],
  ['listen = "127.0.0.256:9464"', /not an IP address and a port/],
  ['listen = "localhost:9464"', /metrics\.listen/],
  ['listen = "9464"', /metrics\.listen/],
  ['allow_remote = true', /has no effect: listen is missing/],
  ['host_names = ["a"]', /has no effect: listen is missing/],
  ['listen = "127.0.0.1:9464"\nallow_remote = true', /has no effect: listen is an address of this machine only/],
])('%j is a problem', (keys, words) => {
  const parsed = parse(keys);
  const problems = parsed.ok ? [] : parsed.problems.map(({ path, what }) => `${path} ${what}`);
  expect(problems).toEqual([expect.stringMatching(words)]);
});

it('an address that other machines reach is a warning, and one of this machine is not', () => {
  const warnings = (keys: string) => {
    const parsed = parse(keys);
    return parsed.ok ? warningsOf(parsed.config).map(({ path }) => path) : ['invalid'];
  };
  expect(warnings('listen = "0.0.0.0:9464"\nallow_remote = true')).toEqual(['metrics.listen']);
  expect(warnings('listen = "127.0.0.1:9464"')).toEqual([]);
});
