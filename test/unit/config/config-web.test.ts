/** Section `[web]`: off by default, loopback unless a second key allows more. */
import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../../src/config/kinds/listen-address.ts';
import { warningsOf } from '../../../src/config/warnings.ts';
import { configOf, GENERIC, pathsOf, problemsOf } from './config-rig.ts';

const web = (lines: string): string => `${GENERIC}[web]\n${lines}\n`;
const TOKEN = 'token_file = "/etc/holdfast/web-token"';

describe('the section [web]', () => {
  it('is off without listen', () => {
    expect(configOf(GENERIC).web).toBeUndefined();
    expect(configOf(web('')).web).toBeUndefined();
  });

  it('gives address, port, token file and host names', () => {
    expect(configOf(web(`listen = "127.0.0.1:8080"\n${TOKEN}`)).web).toEqual({
      host: '127.0.0.1',
      port: 8080,
      tokenFile: '/etc/holdfast/web-token',
      hostNames: [],
    });
    expect(configOf(web(`listen = "[::1]:1"\n${TOKEN}\nhost_names = ["gw.example"]`)).web).toMatchObject({
      host: '::1',
      port: 1,
      hostNames: ['gw.example'],
    });
  });

  it('needs a token file', () => {
    expect(pathsOf(web('listen = "127.0.0.1:8080"'))).toEqual(['web.token_file']);
  });

  it.each(['0.0.0.0:80', '192.168.1.5:8080', '[::]:8080', '[fe80::1]:8080'])(
    'rejects an address that other machines reach, and accepts it with allow_remote and a warning: %s',
    (address) => {
      const lines = `listen = "${address}"\n${TOKEN}`;
      expect(problemsOf(web(lines))).toMatchObject([
        { path: 'web.listen', hint: expect.stringContaining('allow_remote') },
      ]);
      const config = configOf(web(`${lines}\nallow_remote = true`));
      expect(warningsOf(config).map(({ path }) => path)).toContain('web.listen');
    },
  );

  it('warns of nothing with a loopback address', () => {
    const config = configOf(web(`listen = "127.0.0.1:8080"\n${TOKEN}`));
    expect(warningsOf(config).filter(({ path }) => path.startsWith('web'))).toEqual([]);
  });

  it.each(['127.0.0.1:0', '127.0.0.1:65536', '127.0.0.1', 'localhost:8080', '8080', '300.0.0.1:80', '::1:8080'])(
    'rejects what is not an address and a port: %s',
    (address) => {
      expect(pathsOf(web(`listen = "${address}"\n${TOKEN}\nallow_remote = true`))).toContain('web.listen');
    },
  );

  it('rejects keys without an effect', () => {
    expect(pathsOf(web(TOKEN))).toEqual(['web.token_file']);
    expect(pathsOf(web('allow_remote = true'))).toEqual(['web.allow_remote']);
    expect(pathsOf(web('host_names = ["a"]'))).toEqual(['web.host_names']);
    expect(pathsOf(web(`listen = "127.0.0.1:8080"\n${TOKEN}\nallow_remote = true`))).toEqual(['web.allow_remote']);
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['128.0.0.1', false],
  ['::', false],
  ['::11', false],
  ['::2', false],
  ['fe80::1', false],
  ['1::1', false],
  ['::ffff:127.0.0.1', false],
])('knows whether only this machine reaches %s: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
