/** Paths of links in the network: which are valid, and which keys have no effect with them. */
import { describe, expect, it } from 'vitest';
import { networkPortOf } from '../../../src/base/serial-port.ts';
import { configOf, GENERIC, problemsOf } from './config-rig.ts';

const withPath = (path: string, more = ''): string =>
  GENERIC.replace('path = "/dev/ttyUSB0"', `path = "${path}"\n${more}`);

describe('a path in the network', () => {
  it.each([
    ['tcp://192.0.2.7:4001', { protocol: 'tcp', host: '192.0.2.7', port: 4001 }],
    ['rfc2217://moxa-1.lan:950', { protocol: 'rfc2217', host: 'moxa-1.lan', port: 950 }],
    ['tls://[2001:db8::7]:4001', { protocol: 'tls', host: '2001:db8::7', port: 4001 }],
  ])('%s is valid', (path, port) => {
    expect(configOf(withPath(path)).links[0]?.path).toBe(path);
    expect(networkPortOf(path)).toEqual(port);
  });

  it.each(['tcp://host', 'udp://host:1', 'tcp://:4001', 'tcp://host:4001/x', 'tcp://us er:1', 'tcp://a@host:1'])(
    '%s is a problem',
    (path) => {
      expect(problemsOf(withPath(path)).map(({ path: at }) => at)).toEqual(['link[0].path']);
    },
  );

  it.each([
    ['tcp://host:0', '', 'link[0].path'],
    ['tcp://host:70000', '', 'link[0].path'],
    ['tcp://host:1', 'rs485 = "rts-on-send"', 'link[0].rs485'],
    ['tcp://host:1', 'recovery = ["reopen", "reauthorise"]', 'link[0].recovery'],
    ['tcp://host:1', 'recovery = ["toggle"]', 'link[0].recovery'],
    ['tcp://host:1', 'tls_ca_file = "/ca.pem"', 'link[0].tls_ca_file'],
    ['/dev/ttyUSB0', 'tls_ca_file = "/ca.pem"', 'link[0].tls_ca_file'],
  ])('%s with "%s" is a problem', (path, more, at) => {
    expect(problemsOf(withPath(path, more)).map(({ path: found }) => found)).toEqual([at]);
  });

  it.each(['tcp://host:4001', 'tcp://HOST:4001', 'tls://host:04001'])(
    'of two links may not lead to one port of a device server: rfc2217://host:4001 and %s',
    (path) => {
      const text = `${withPath('rfc2217://host:4001')}[[link]]\nname = "other"\npath = "${path}"\n`;
      expect(problemsOf(text)).toEqual([
        {
          path: 'link[1].path',
          what: 'leads to host:4001, and so does link[0].path: only one link can use a port',
          hint: 'Correct one of the two paths, or remove one link.',
        },
      ]);
    },
  );

  it('of two links that is written equally is one problem, and another port is none', () => {
    const text = `${withPath('tcp://host:4001')}[[link]]\nname = "other"\npath = "tcp://host:4001"\n`;
    expect(problemsOf(text)).toHaveLength(1);
    expect(problemsOf(text.replace('other"\npath = "tcp://host:4001"', 'other"\npath = "tcp://host:4002"'))).toEqual(
      [],
    );
  });

  it('may toggle modem lines over rfc2217', () => {
    expect(configOf(withPath('rfc2217://host:1', 'recovery = ["toggle"]')).links[0]?.recovery).toEqual(['toggle']);
  });
});
