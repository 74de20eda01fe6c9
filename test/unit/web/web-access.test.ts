/** Access to the web page: each request that must be refused, beside the same request that is accepted. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TOKEN, type WebAsk, type WebRig, withWeb } from './web-rig.ts';

const HTML = { accept: 'text/html' };

describe('the login', () => {
  it('sets a cookie that scripts and other sites cannot use, and the cookie opens the page', () =>
    withWeb({}, async ({ ask, logIn }) => {
      const login = await ask('/login', { method: 'POST', body: `token=${TOKEN}` });
      expect(login).toMatchObject({ status: 303, headers: { location: '/' } });
      const [cookie = ''] = login.headers['set-cookie'] ?? [];
      for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) expect(cookie).toContain(part);
      expect(cookie).not.toContain(TOKEN);
      expect((await ask('/', { headers: { cookie: await logIn() } })).status).toBe(200);
    }));

  it('refuses a wrong, an empty and a missing token', () =>
    withWeb({}, async ({ ask }) => {
      for (const body of ['token=wrong', `token=${TOKEN}x`, `token=${TOKEN.slice(1)}`, 'token=', ''])
        expect(await ask('/login', { method: 'POST', body })).toMatchObject({
          status: 401,
          headers: expect.not.objectContaining({ 'set-cookie': expect.anything() }),
        });
    }));

  it('is limited after 5 failures, and the right token is still accepted', () =>
    withWeb({}, async ({ ask, logIn, bearer }) => {
      const cookie = await logIn();
      for (let count = 0; count < 5; count += 1)
        expect((await ask('/login', { method: 'POST', body: 'token=wrong' })).status).toBe(401);
      expect((await ask('/login', { method: 'POST', body: 'token=wrong' })).status).toBe(429);
      expect((await ask('/', { headers: { authorization: 'Bearer wrong' } })).status).toBe(429);
      expect((await ask('/login', { method: 'POST', body: `token=${TOKEN}` })).status).toBe(303);
      expect((await ask('/', { headers: bearer })).status).toBe(200);
      // a browser that has logged in is not concerned
      expect((await ask('/', { headers: { cookie } })).status).toBe(200);
    }));

  it('negative control: after 4 failures the right token is accepted', () =>
    withWeb({}, async ({ ask }) => {
      for (let count = 0; count < 4; count += 1) await ask('/login', { method: 'POST', body: 'token=wrong' });
      expect((await ask('/login', { method: 'POST', body: `token=${TOKEN}` })).status).toBe(303);
    }));

  it('refuses the form of another site, and accepts its own', () =>
    withWeb({}, async ({ ask, port }) => {
      const post = async (headers: Readonly<Record<string, string>>): Promise<number> =>
        (await ask('/login', { method: 'POST', body: `token=${TOKEN}`, headers })).status;
      expect(await post({ origin: 'http://evil.example' })).toBe(403);
      expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await post({ 'sec-fetch-site': 'same-site', origin: `http://localhost:${port}` })).toBe(403);
      expect(await post({ 'sec-fetch-site': 'same-origin', origin: `http://localhost:${port}` })).toBe(303);
    }));

  it('ends with the logout', () =>
    withWeb({}, async ({ ask, logIn }) => {
      const cookie = await logIn();
      expect(await ask('/logout', { method: 'POST', headers: { cookie } })).toMatchObject({
        status: 303,
        headers: { location: '/login' },
      });
      expect((await ask('/', { headers: { cookie } })).status).toBe(401);
    }));

  it('uses a renewed token for the next login', async () => {
    let token = TOKEN;
    await withWeb({ token: () => token }, async ({ ask, bearer }) => {
      expect((await ask('/', { headers: bearer })).status).toBe(200);
      token = 'renewed-token-0123456789';
      expect((await ask('/', { headers: bearer })).status).toBe(401);
      expect((await ask('/', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    });
  });
});

const PROTECTED = ['/', '/?period=hour', '/links/meters', '/live?period=day', '/trace?of=meters', '/v1/status'];

describe('a request without a login', () => {
  it.each(PROTECTED)('gets nothing of the gateway: %s', (path) =>
    withWeb({}, async ({ ask }) => {
      const wrong = [{}, { authorization: 'Bearer wrong' }, { cookie: 'holdfast-shed-3=wrong' }];
      for (const headers of wrong) {
        const { status, text } = await ask(path, { headers });
        expect(status).toBe(401);
        expect(text).not.toMatch(/meters|hub\.example/);
      }
    }),
  );

  it('is sent to the login if it is a browser', () =>
    withWeb({}, async ({ ask }) => {
      expect(await ask('/', { headers: HTML })).toMatchObject({ status: 303, headers: { location: '/login' } });
      expect(await ask('/login', { headers: HTML })).toMatchObject({
        status: 200,
        text: expect.stringContaining('Log in'),
      });
    }));

  it('negative control: the same pages answer with the token', () =>
    withWeb({}, async ({ ask, bearer }) => {
      for (const path of ['/', '/?period=hour', '/links/meters', '/v1/status'])
        expect(await ask(path, { headers: bearer })).toMatchObject({
          status: 200,
          text: expect.stringContaining('meters'),
        });
    }));
});

describe('the Host header', () => {
  const status = async ({ ask, bearer }: WebRig, host: string): Promise<number> =>
    (await ask('/', { host, headers: bearer })).status;

  it('must name this host: a name that leads here by DNS rebinding is refused', () =>
    withWeb({}, async (rig) => {
      for (const host of [
        'evil.example',
        'evil.example:80',
        'localhost.evil.example',
        '127.0.0.1.evil.example',
        '10.0.0.1',
      ])
        expect(await status(rig, host)).toBe(421);
      expect((await rig.ask('/page.css', { host: 'evil.example' })).status).toBe(421);
    }));

  it('may have any port, as behind a tunnel, and the names of the configuration', () =>
    withWeb({ hostNames: ['Gateway.example'] }, async (rig) => {
      for (const host of ['localhost:9000', '127.0.0.1', '[::1]:8080', 'gateway.example', 'LOCALHOST'])
        expect(await status(rig, host)).toBe(200);
    }));
});

describe('a method other than GET', () => {
  it('is accepted if it is HEAD: the headers of GET without the page, and not for a stream', () =>
    withWeb({}, async ({ ask, bearer }) => {
      const head = await ask('/login', { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, text: '' });
      expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
      expect((await ask('/', { method: 'HEAD', headers: bearer })).status).toBe(200);
      expect((await ask('/v1/status', { method: 'HEAD' })).status).toBe(401);
      expect((await ask('/live', { method: 'HEAD', headers: bearer })).status).toBe(405);
    }));

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('is refused: %s', (method) =>
    withWeb({}, async ({ ask, bearer }) => {
      expect(await ask('/', { method, headers: bearer })).toMatchObject({ status: 405, headers: { allow: 'GET' } });
    }),
  );

  it.each(['/', '/live', '/v1/status', '/v1/commands/hub.describe', '/links/meters'])('is refused: POST %s', (path) =>
    withWeb({}, async ({ ask, bearer }) => {
      expect((await ask(path, { method: 'POST', headers: bearer, body: '{}' })).status).toBe(405);
    }),
  );
});

describe('a path', () => {
  it.each([
    '/../../etc/passwd',
    '/page.css/../../../package.json',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '//etc/passwd',
    '/assets/page.css',
    '/links/..%2f..%2fetc',
    '/links/%ff',
    '/links/',
    '/v1/dead-letters',
    '/v1/tail',
    '/?period=year',
    '/live?link=unknown',
    '/trace?of=../../etc/passwd',
  ])('leads to no file and to no other answer: %s', (path) =>
    withWeb({}, async ({ ask, bearer }) => {
      const { status, text } = await ask(path, { headers: bearer });
      expect(status).toBe(404);
      expect(text).not.toMatch(/root:|"name"/);
    }),
  );
});

it('sends the headers that keep other sites out with every answer', () =>
  withWeb({}, async ({ ask, bearer }) => {
    const asks: readonly (readonly [string, WebAsk])[] = [
      ['/', { headers: bearer }],
      ['/login', {}],
      ['/live.js', {}],
      ['/unknown', { headers: bearer }],
      ['/', { host: 'evil.example' }],
    ];
    for (const [path, how] of asks) {
      const { headers } = await ask(path, how);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
    }
    expect((await ask('/', { headers: bearer })).headers['cache-control']).toBe('no-store');
  }));

describe('a bound', () => {
  /** Sends text and waits for the end of the connection. @returns the first line of the answer */
  const raw = (port: number, text: string): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
    });
  const header = (port: number, bytes: number): string =>
    `GET /login HTTP/1.1\r\nhost: localhost:${port}\r\nx: ${'x'.repeat(bytes)}\r\n\r\n`;

  it('refuses a header above 16 KiB, and accepts one below', () =>
    withWeb({}, async ({ port }) => {
      expect(await raw(port, header(port, 15_000))).toContain('200');
      expect(await raw(port, header(port, 17_000))).toContain('431');
    }));

  it('refuses a form above 4 KiB, and accepts one below', () =>
    withWeb({}, async ({ ask }) => {
      const body = (bytes: number): string => `token=${TOKEN}&x=`.padEnd(bytes, 'x');
      expect((await ask('/login', { method: 'POST', body: body(4096) })).status).toBe(303);
      expect((await ask('/login', { method: 'POST', body: body(4097) })).status).toBe(413);
    }));

  it('closes a connection that does not finish its request', () =>
    withWeb({}, async ({ port }) => {
      expect(await raw(port, 'GET / HTTP/1.1\r\nhost: local')).toMatch(/408|^$/);
      expect(await raw(port, `POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\ntok`)).toMatch(
        /408|^$/,
      );
    }));

  it('serves a browser although 200 connections wait without a request', () =>
    withWeb({}, async ({ port, ask }) => {
      const idle = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
      expect((await ask('/login')).status).toBe(200);
      for (const socket of idle) socket.destroy();
    }));
});
