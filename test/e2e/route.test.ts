/** Ways to the hub on real sockets: a proxy, TLS and WebSocket, in each combination, and the texts of their failures. */
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Authority } from '../../src/bench/certificates.ts';
import { MESSAGE_BYTES_MAX, openWebSocket } from '../../src/io/route/web-socket-stream.ts';
import { HttpProxy } from './http-proxy.ts';
import { until } from './recorder.ts';
import { dial, OVER_WS, securely, serveWebSocket, through } from './route-rig.ts';
import { GOOD, HOST, serveTls, standUp, TlsFolder } from './tls-rig.ts';

const NAME = 'hub.example';

describe('a way to the hub', () => {
  it.each([
    { way: 'a proxy', isProxied: true, isSecure: false, isWs: false },
    { way: 'a proxy and TLS', isProxied: true, isSecure: true, isWs: false },
    { way: 'WebSocket', isProxied: false, isSecure: false, isWs: true },
    { way: 'TLS and WebSocket', isProxied: false, isSecure: true, isWs: true },
    { way: 'a proxy and WebSocket', isProxied: true, isSecure: false, isWs: true },
    { way: 'a proxy, TLS and WebSocket', isProxied: true, isSecure: true, isWs: true },
  ])('by $way carries bytes both ways and closes in order', async ({ isProxied, isSecure, isWs }) => {
    const folder = new TlsFolder();
    const { certificate: cert, key } = folder.authority.issue(GOOD);
    const received: Buffer[] = [];
    let ended = 0;
    const serve = async (): Promise<number> => {
      if (isWs) {
        const hub = await serveWebSocket(isSecure ? { cert, key } : undefined);
        void until(() => hub.sockets.length > 0).then(() =>
          hub.sockets[0]
            ?.on('message', (bytes: Buffer) => received.push(bytes))
            .on('close', (code) => {
              ended = code;
            }),
        );
        return hub.port;
      }
      const take = (socket: Socket): void => {
        socket
          .on('data', (bytes) => received.push(bytes))
          .on('end', () => {
            ended = 1000;
          });
      };
      if (isSecure) {
        const hub = await serveTls({ cert, key });
        void until(() => hub.sockets.length > 0).then(() => hub.sockets[0] && take(hub.sockets[0]));
        return hub.port;
      }
      return await standUp(
        createServer((socket) => {
          take(socket);
          socket.write('hello');
        }),
      );
    };
    const port = await serve();
    const proxy = await HttpProxy.open({ login: 'gw:open sesame' });
    const { listener, channel } = dial(port, {
      ...(isProxied ? through(proxy, { username: 'gw', password: 'open sesame' }) : {}),
      ...(isSecure ? securely(folder, port) : {}),
      ...(isWs ? OVER_WS : {}),
    });
    expect((await listener.untilReceived(5)).toString()).toBe('hello');
    expect(listener.openings).toBe(1);
    const large = Buffer.alloc(300_000, 'x'); // several frames
    channel.write(large);
    channel.write(Buffer.from('last'));
    await until(() => received.reduce((sum, { length }) => sum + length, 0) === large.length + 4);
    expect(Buffer.concat(received).equals(Buffer.concat([large, Buffer.from('last')]))).toBe(true);
    channel.close('the end');
    expect(await listener.untilClosed()).toBe('the end');
    await until(() => ended !== 0);
    expect(ended).toBe(1000);
    expect(proxy.asked).toEqual(isProxied ? [`${HOST}:${port}`] : []);
    await until(() => proxy.open === 0);
  });

  it('leaves the look-up of the name to the proxy', async () => {
    const hub = await serveWebSocket();
    const proxy = await HttpProxy.open({ resolve: () => HOST });
    const { listener } = dial(hub.port, { ...through(proxy), ...OVER_WS, host: 'known-to-the-proxy.invalid' });
    await listener.untilReceived(5);
    expect(proxy.asked).toEqual([`known-to-the-proxy.invalid:${hub.port}`]);
    expect(hub.requests).toEqual([['/mqtt', `known-to-the-proxy.invalid:${hub.port}`, undefined]]);
  });
});

describe('a proxy that opens no tunnel', () => {
  const refusal = async (answer: string, login?: { username: string; password: string }): Promise<string> => {
    const proxy = await HttpProxy.open({ answer });
    const { listener } = dial(1, through(proxy, login));
    const reason = await listener.untilClosed();
    expect(listener.openings).toBe(0);
    return reason.replaceAll(`${HOST}:${proxy.port}`, 'PROXY');
  };
  const head = (status: string, ...fields: string[]) => `${[`HTTP/1.1 ${status}`, ...fields].join('\r\n')}\r\n\r\n`;

  it.each([
    ['403 Forbidden', [], 'the proxy PROXY does not permit a tunnel to 127.0.0.1:1 (403 Forbidden)'],
    [
      '407 Who?',
      ['Proxy-Authenticate: Basic realm="x"'],
      'the proxy PROXY asks for a user name and a password (407 Who?)',
    ],
    [
      '407',
      ['Proxy-Authenticate: NTLM', 'Proxy-Authenticate: Negotiate'],
      'the proxy PROXY asks for authentication by ntlm or negotiate, and this gateway has Basic only (407)',
    ],
    [
      '504 Gateway Timeout',
      [],
      'the proxy PROXY opened no tunnel to 127.0.0.1:1: it may not reach the hub, or not find its name (504 Gateway Timeout)',
    ],
    ['301 Moved', ['Location: http://login.example/'], 'the proxy PROXY opened no tunnel to 127.0.0.1:1 (301 Moved)'],
  ])('says so in words: %s', async (status, fields, words) => {
    expect(await refusal(head(status, ...fields))).toBe(words);
  });

  it('is distinguished from a wrong password, which is not shown', async () => {
    const reason = await refusal(head('407 Who?'), { username: 'gw', password: 'sesame' });
    expect(reason).toBe('the proxy PROXY does not accept the user name and the password (407 Who?)');
  });

  it('is named if it does not speak HTTP, and if its answer has no end', async () => {
    expect(await refusal('220 mail.example ESMTP\r\n')).toBe('the proxy PROXY does not answer in HTTP');
    expect(await refusal(`HTTP/1.1 200 ${'x'.repeat(20_000)}`)).toBe(
      'the proxy PROXY sent more than 16384 bytes before the end of its answer',
    );
  });

  it('is named if it does not listen, closes, or is silent until the time is over', async () => {
    const gone = await HttpProxy.open();
    const way = through(gone);
    await gone.stop();
    expect(await dial(1, way).listener.untilClosed()).toContain(
      `the proxy ${HOST}:${way.proxy?.port} refused the connection`,
    );
    const port = await standUp(createServer((socket) => socket.end()));
    const closing = { proxy: { host: HOST, port, login: () => undefined } };
    expect(await dial(1, closing).listener.untilClosed()).toContain(
      'closed the connection instead of opening a tunnel',
    );
    const silent = await HttpProxy.open({ answer: 'HTTP/1.1 2' });
    expect(await dial(1, { ...through(silent), openMsMax: 300 }).listener.untilClosed()).toMatch(
      /^the proxy .* within 300 ms$/,
    );
  });

  it('does not show who ended the connection later', async () => {
    const hub = await serveWebSocket();
    const proxy = await HttpProxy.open();
    const { listener } = dial(hub.port, through(proxy));
    await listener.untilOpen();
    proxy.drop();
    expect(await listener.untilClosed()).toBe(
      `the connection to ${HOST}:${hub.port} through the proxy ${HOST}:${proxy.port} was reset`,
    );
  });
});

describe('an impostor behind a proxy, over wss', () => {
  const pinOf = (pem: string): string =>
    createHash('sha256')
      .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');

  async function meet(other: { authority?: Authority; serverName?: string; pins?: (pem: string) => string[] }) {
    const folder = new TlsFolder();
    const { certificate: cert, key } = (other.authority ?? folder.authority).issue(GOOD);
    const hub = await serveWebSocket({ cert, key });
    const proxy = await HttpProxy.open();
    const options = { serverName: other.serverName ?? HOST, pins: other.pins?.(cert) ?? [] };
    const { listener } = dial(hub.port, { ...through(proxy), ...OVER_WS, ...securely(folder, hub.port, options) });
    return { hub, listener };
  }

  it.each<[string, Parameters<typeof meet>[0], RegExp]>([
    ['an unknown authority', { authority: new Authority('Unknown Authority') }, /authority that is not trusted/],
    ['another name', { serverName: NAME.replace('hub', 'other') }, /not for other\.example/],
    [
      'another key than the pins',
      { pins: () => ['A', 'B'].map((letter) => `${letter.repeat(43)}=`) },
      /not in tls_pins/,
    ],
  ])('with %s gets no byte of HTTP or MQTT', async (_, other, words) => {
    const { hub, listener } = await meet(other);
    expect(await listener.untilClosed()).toMatch(words);
    expect([listener.openings, hub.requests]).toEqual([0, []]);
  });

  it('a hub that wants a client certificate is recognised, also after the handshake of TLS 1.3', async () => {
    const folder = new TlsFolder();
    const { certificate: cert, key } = folder.authority.issue(GOOD);
    const ca = folder.authority.certificate;
    const hub = await serveWebSocket({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
    const { listener } = dial(hub.port, { ...OVER_WS, ...securely(folder, hub.port) });
    expect(await listener.untilClosed()).toMatch(/requires a client certificate: set tls_certificate_file/);
    const own = folder.writeClient({ commonName: 'gw' });
    const accepted = dial(hub.port, { ...OVER_WS, ...securely(folder, hub.port, {}, own) });
    await accepted.listener.untilReceived(5);
  });

  it('negative control: the hub itself, with the right name and a pin, is accepted', async () => {
    const { listener } = await meet({ serverName: NAME, pins: (pem) => [pinOf(pem), `${'A'.repeat(43)}=`] });
    expect((await listener.untilReceived(5)).toString()).toBe('hello');
  });
});

describe('over WebSocket', () => {
  it('the path and the subprotocol are sent, and no extension is offered', async () => {
    const hub = await serveWebSocket();
    await dial(hub.port, { webSocket: { path: '/ws?a=b', open: openWebSocket } }).listener.untilReceived(5);
    expect(hub.requests).toEqual([['/ws?a=b', `${HOST}:${hub.port}`, undefined]]);
    expect(hub.sockets[0]?.protocol).toBe('mqtt');
  });

  it('a packet that spans frames, and several packets in one frame, arrive as the same bytes', async () => {
    const hub = await serveWebSocket();
    const { listener } = dial(hub.port, OVER_WS);
    await listener.untilReceived(5);
    for (const [part, fin] of [
      ['a', false],
      ['b', false],
      ['c', true],
      ['defg', true],
    ] as const)
      hub.sockets[0]?.send(Buffer.from(part), { fin, binary: true });
    expect((await listener.untilReceived(12)).toString()).toBe('helloabcdefg');
  });

  it('a ping is answered', async () => {
    const hub = await serveWebSocket();
    await dial(hub.port, OVER_WS).listener.untilReceived(5);
    const [socket] = hub.sockets;
    socket?.ping('are you there');
    const [answer] = socket === undefined ? [] : await once(socket, 'pong');
    expect(String(answer)).toBe('are you there');
  });

  it('a reader that stops makes the hub wait, and misses nothing', async () => {
    const hub = await serveWebSocket();
    const { listener, channel } = dial(hub.port, OVER_WS);
    await listener.untilReceived(5);
    channel.setReading?.(false);
    const [socket] = hub.sockets;
    const frame = Buffer.alloc(64 * 1024, 'y');
    const frames = 400; // 25 MB: more than the buffers of both kernels
    let sent = 0;
    for (let count = 0; count < frames; count += 1)
      socket?.send(frame, () => {
        sent += 1;
      });
    // the hub has written as much as fits, and the rest waits: a message sent on another connection arrives meanwhile
    await dial(hub.port, OVER_WS).listener.untilReceived(5);
    expect(listener.received.length).toBeLessThan(frames * frame.length);
    channel.setReading?.(true); // negative control: without a stop, all of them arrive
    await listener.untilReceived(5 + frames * frame.length);
    await until(() => sent === frames);
  });

  it('a hub that accepts nothing ends the connection once the bound of the queue is reached', async () => {
    const hub = await serveWebSocket();
    const { listener, channel } = dial(hub.port, OVER_WS);
    await listener.untilReceived(5);
    hub.sockets[0]?.pause();
    const megabyte = Buffer.alloc(1024 * 1024);
    // nothing is sent within one turn of the event loop; one byte above the bound is too much
    for (let count = 0; count < 16; count += 1) channel.write(megabyte);
    expect([listener.reasons, channel.queuedBytes]).toEqual([[], 16 * megabyte.length]);
    channel.write(Buffer.alloc(1));
    expect(await listener.untilClosed()).toMatch(/does not accept bytes: 16777216 waiting$/);
  });

  it.each<[string, (socket: WebSocket) => void, RegExp]>([
    [
      'a code and words',
      (socket) => socket.close(1008, 'not\u0007 now'),
      /closed the WebSocket with code 1008 \(policy violation\): not\? now$/,
    ],
    ['an end without a code', (socket) => socket.terminate(), /^127\.0\.0\.1:\d+ closed the connection$/],
    ['text', (socket) => socket.send('text'), /sent a WebSocket text frame, and MQTT has binary frames only$/],
    [
      'a message that is too large',
      (socket) => socket.send(Buffer.alloc(MESSAGE_BYTES_MAX + 1)),
      /sent a WebSocket message of more than 4194304 bytes$/,
    ],
  ])('%s of the hub is in the reason', async (_, act, words) => {
    const hub = await serveWebSocket();
    const { listener } = dial(hub.port, OVER_WS);
    await listener.untilReceived(5);
    const [socket] = hub.sockets;
    if (socket !== undefined) act(socket);
    expect(await listener.untilClosed()).toMatch(words);
    expect(listener.received.length).toBe(5);
  });

  it('the largest message of the hub is accepted', async () => {
    const hub = await serveWebSocket();
    const { listener } = dial(hub.port, OVER_WS);
    await listener.untilReceived(5);
    hub.sockets[0]?.send(Buffer.alloc(MESSAGE_BYTES_MAX));
    expect((await listener.untilReceived(5 + MESSAGE_BYTES_MAX)).length).toBe(5 + MESSAGE_BYTES_MAX);
  });

  it.each<[string, () => Promise<number>, RegExp]>([
    [
      'another path',
      async () => await standUp(createHttpServer((_, answer) => answer.writeHead(404).end('no'))),
      /answered the WebSocket request for \/mqtt with HTTP 404 Not Found$/,
    ],
    [
      'no subprotocol',
      async () => (await serveWebSocket(undefined, false)).port,
      /does not offer the WebSocket subprotocol mqtt$/,
    ],
    [
      'a hub without HTTP',
      async () => await standUp(createServer((socket) => socket.end('220 mail\r\n'))),
      /does not answer in HTTP: does port \d+ speak WebSocket\?$/,
    ],
    [
      'a hub that closes',
      async () => await standUp(createServer((socket) => socket.end())),
      /closed.* during the WebSocket handshake/,
    ],
  ])('%s is explained', async (_, serve, words) => {
    const { listener } = dial(await serve(), OVER_WS);
    expect(await listener.untilClosed()).toMatch(words);
    expect(listener.openings).toBe(0);
  });

  it('a hub that does not finish the handshake, or the close, is given up in time', async () => {
    const silent = await standUp(createServer(() => {}));
    const opening = dial(silent, { ...OVER_WS, openMsMax: 300 });
    expect(await opening.listener.untilClosed()).toMatch(
      /(did not answer|did not finish the WebSocket handshake) within 300 ms$/, // a busy machine connects late
    );
    const hub = await serveWebSocket();
    const { listener, channel } = dial(hub.port, { ...OVER_WS, closeMsMax: 300 });
    await listener.untilReceived(5);
    (hub.sockets[0] as unknown as { _socket: Socket })._socket.pause(); // the hub reads no close frame
    channel.close('the end');
    expect(await listener.untilClosed()).toBe('the end');
  });

  it('a channel that is closed while it opens reports it once', async () => {
    const silent = createServer(() => {});
    const port = await standUp(silent);
    const { listener, channel } = dial(port, OVER_WS);
    channel.close('changed my mind');
    expect(listener.reasons).toEqual([]);
    expect(await listener.untilClosed()).toBe('changed my mind');
    expect((silent.address() as AddressInfo).port).toBe(port);
  });
});
