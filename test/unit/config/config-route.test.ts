/** The way to the hub: WebSocket, its port and path, the proxy and its login. */
import { describe, expect, it } from 'vitest';
import { openingStepsOf, viaProxy } from '../../../src/config/hub/hub-config.ts';
import { configOf, GENERIC, problemsOf, under } from './config-rig.ts';

const PROXY = 'proxy = "http://proxy.example:3128"';
const hubOf = (lines: string) => configOf(under('[hub]', lines)).hub;
const problems = (lines: string) => problemsOf(under('[hub]', lines));

describe('the way to the hub', () => {
  it.each([
    ['', { port: 1883, transport: { kind: 'tcp' } }],
    ['transport = "tcp"\ntls = "on"', { port: 8883, transport: { kind: 'tcp' } }],
    ['transport = "ws"', { port: 80, transport: { kind: 'ws', path: '/mqtt' } }],
    ['transport = "ws"\ntls = "on"', { port: 443, transport: { kind: 'ws', path: '/mqtt' } }],
    ['transport = "ws"\nport = 8083\nws_path = "/"', { port: 8083, transport: { kind: 'ws', path: '/' } }],
    [PROXY, { port: 1883, proxy: { host: 'proxy.example', port: 3128, login: undefined } }],
    ['proxy = "HTTP://[2001:db8::1]:80/"', { proxy: { host: '2001:db8::1', port: 80 } }],
    [
      `${PROXY}\nproxy_username = "gw"\nproxy_password_file = "/p"`,
      { proxy: { login: { username: 'gw', passwordFile: '/p' } } },
    ],
  ])('is decoded: %s', (lines, hub) => {
    expect(hubOf(lines)).toMatchObject(hub);
  });

  it('is named in texts', () => {
    const plain = hubOf('');
    expect([viaProxy(plain), openingStepsOf(plain)]).toEqual(['', 'name look-up and TCP connection']);
    const hub = hubOf(`${PROXY}\ntransport = "ws"\ntls = "on"`);
    expect([viaProxy(hub), openingStepsOf(hub)]).toEqual([
      ' through the proxy proxy.example:3128',
      'name look-up, TCP connection, tunnel of the proxy, TLS handshake and WebSocket handshake',
    ]);
  });

  it.each<[string, string, string[]]>([
    ['a path without WebSocket', 'ws_path = "/mqtt"', ['hub.ws_path']],
    ['a path that does not begin with a slash', 'transport = "ws"\nws_path = "mqtt"', ['hub.ws_path']],
    ['a path with a fragment', 'transport = "ws"\nws_path = "/a#b"', ['hub.ws_path']],
    ['another transport', 'transport = "quic"', ['hub.transport']],
    [
      'a login without a proxy',
      'proxy_username = "u"\nproxy_password_file = "/p"',
      ['hub.proxy_username', 'hub.proxy_password_file'],
    ],
    ['a user name without a password', `${PROXY}\nproxy_username = "u"`, ['hub.proxy_password_file']],
    ['a password without a user name', `${PROXY}\nproxy_password_file = "/p"`, ['hub.proxy_username']],
    [
      'a user name with a colon',
      `${PROXY}\nproxy_username = "a:b"\nproxy_password_file = "/p"`,
      ['hub.proxy_username'],
    ],
    [
      'all at once',
      'ws_path = "/x"\nproxy = "proxy.example"\nproxy_username = "a:b"\ntls_ca_file = "/ca"',
      ['hub.ws_path', 'hub.proxy', 'hub.proxy_password_file', 'hub.proxy_username', 'hub.tls_ca_file'],
    ],
  ])('has problems: %s', (_, lines, paths) => {
    expect(
      problems(lines)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(paths.sort());
  });

  it.each([
    ['proxy.example:3128', /not http:\/\/HOST:PORT/],
    ['http://proxy.example', /not http:\/\/HOST:PORT/],
    ['http://proxy.example:0', /not http:\/\/HOST:PORT/],
    ['http://proxy.example:65536', /not http:\/\/HOST:PORT/],
    ['http://proxy.example:3128/path', /not http:\/\/HOST:PORT/],
    ['https://proxy.example:443', /TLS to the proxy/],
    ['socks5://proxy.example:1080', /not an HTTP proxy/],
  ])('has one problem with the proxy %s', (proxy, what) => {
    expect(problems(`proxy = "${proxy}"`)).toMatchObject([{ path: 'hub.proxy', what: expect.stringMatching(what) }]);
  });

  it('shows no password that is in the address of the proxy, and names the keys for it', () => {
    for (const scheme of ['http', 'https', 'socks5', 'ftp']) {
      const [problem, ...others] = problems(`proxy = "${scheme}://gw:s3cret@proxy.example:3128"`);
      expect(JSON.stringify([problem, others])).not.toContain('s3cret');
      expect([problem?.hint, others]).toEqual([expect.stringContaining('proxy_password_file'), []]);
    }
  });

  it('is found in a URL that was written as the host', () => {
    const [problem] = problemsOf(GENERIC.replace('"hub.example.net"', '"wss://hub.example.net:8084/ws"'));
    expect(problem?.hint).toBe(
      'Write the host without scheme and port and path: host = "hub.example.net", and below it port = 8084, and below it tls = "on", and below it transport = "ws", and below it ws_path = "/ws".',
    );
  });

  it('takes the name of the secret file for a password in the file', () => {
    expect(problems(`${PROXY}\nproxy_password = "s3cret"`)).toMatchObject([
      { path: 'hub.proxy_password', hint: expect.stringContaining('proxy_password_file') },
    ]);
  });
});
