/** The way to the hub over TLS, on real sockets: who is let in, who is not, and what a technician reads then. */
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect, type TlsOptions as ServerOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../../src/bench/certificates.ts';
import { openTls, type TlsOptions } from '../../src/io/tls/tls.ts';
import { TlsFiles } from '../../src/io/tls/tls-files.ts';
import { Recorder, until } from './recorder.ts';
import { GOOD, HOST, serveTls, standUp, TlsFolder } from './tls-rig.ts';

const DAY_MS = 86_400_000;
const LIMITS = { openMsMax: 10_000, closeMsMax: 10_000, wallMs: Date.now };
const inDays = (count: number): Date => new Date(Date.now() + count * DAY_MS);

type Client = Partial<Pick<TlsOptions, 'serverName' | 'pins' | 'wallMs' | 'files'>>;

function dial(folder: TlsFolder, port: number, client: Client = {}): Recorder {
  const files = new TlsFiles({ caFile: folder.caFile, client: undefined, noted: () => {} });
  const listener = new Recorder();
  const open = openTls({ host: HOST, port, serverName: HOST, pins: [], files, ...LIMITS, ...client });
  const channel = open(listener);
  onTestFinished(() => channel.close('the test is over'));
  return listener;
}

/** Dials a server with such a certificate. @returns why it came to nothing */
async function refusal(server: ServerOptions & { folder: TlsFolder }, client: Client = {}): Promise<string> {
  const { port } = await serveTls(server);
  const listener = dial(server.folder, port, client);
  const reason = await listener.untilClosed();
  expect(listener.received.length).toBe(0);
  return reason.replaceAll(`:${port}`, '');
}

function certified(plan = GOOD, authority?: Authority) {
  const folder = new TlsFolder();
  const { certificate: cert, key } = (authority ?? folder.authority).issue(plan);
  return { folder, cert, key };
}

const pinOf = (pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');

describe('over TLS', () => {
  it('bytes go both ways once the hub has proved itself', async () => {
    const server = certified();
    const { port, sockets } = await serveTls(server);
    const listener = dial(server.folder, port);
    expect((await listener.untilReceived(5)).toString()).toBe('hello');
    expect(listener.openings).toBe(1);
    expect(sockets[0]?.getProtocol()).toBe('TLSv1.3');
  });

  it('what was written leaves before the close, and a far end that takes nothing is given up', async () => {
    const server = certified();
    const { port, sockets } = await serveTls(server);
    const files = new TlsFiles({ caFile: server.folder.caFile, client: undefined, noted: () => {} });
    const open = openTls({ host: HOST, port, serverName: HOST, pins: [], files, ...LIMITS });
    const listener = new Recorder();
    const channel = open(listener);
    await listener.untilReceived(5);
    const chunks: Buffer[] = [];
    sockets[0]?.on('data', (bytes) => chunks.push(bytes));
    channel.write(Buffer.alloc(1_000_000, 7));
    channel.close('stopping');
    expect(await listener.untilClosed()).toBe('stopping');
    await until(() => sockets[0]?.readableEnded === true);
    expect(Buffer.concat(chunks)).toHaveLength(1_000_000);
    const stuck = new Recorder();
    const other = open(stuck);
    await stuck.untilReceived(5);
    sockets[1]?.pause();
    for (let megabyte = 0; megabyte < 64; megabyte += 1) other.write(Buffer.alloc(1_000_000));
    expect(await stuck.untilClosed()).toMatch(/does not accept bytes/);
  });

  it('a far end that never finishes the handshake is given up', async () => {
    const port = await standUp(createServer(() => {}));
    const files = new TlsFiles({ caFile: new TlsFolder().caFile, client: undefined, noted: () => {} });
    const listener = new Recorder();
    openTls({ host: HOST, port, serverName: HOST, pins: [], files, ...LIMITS, openMsMax: 50 })(listener);
    expect(await listener.untilClosed()).toBe(`127.0.0.1:${port} did not answer within 50 ms`);
    expect(listener.openings).toBe(0);
  });

  it('a port where nothing listens is told as without TLS', async () => {
    const files = new TlsFiles({ caFile: new TlsFolder().caFile, client: undefined, noted: () => {} });
    const listener = new Recorder();
    openTls({ host: HOST, port: 1, serverName: HOST, pins: [], files, ...LIMITS })(listener);
    expect(await listener.untilClosed()).toBe('127.0.0.1:1 refused the connection: nothing listens there');
  });

  it('the name asked for may be another than the host', async () => {
    const server = certified();
    const { port, sockets } = await serveTls(server);
    await dial(server.folder, port, { serverName: 'hub.example' }).untilReceived(5);
    expect((sockets[0] as { servername?: string } | undefined)?.servername).toBe('hub.example');
  });

  it('an authority that is not trusted is named', async () => {
    const server = certified(GOOD, new Authority('Somebody Else'));
    expect(await refusal(server)).toBe(
      '127.0.0.1 has a certificate by an authority that is not trusted, "CN=Somebody Else": set tls_ca_file to its certificate',
    );
  });

  it('without a file, those count whom this machine trusts, and nobody of the bench is among them', async () => {
    const files = new TlsFiles({ caFile: undefined, client: undefined, noted: () => {} });
    expect(await refusal(certified(), { files })).toContain('an authority that is not trusted, "CN=Bench Authority"');
  });

  it.each([
    ['an authority nobody trusts', GOOD, new Authority('Somebody Else'), {}],
    ['an authority that borrows a name', GOOD, new Authority('Bench Authority'), {}],
    ['the wrong name', GOOD, undefined, { serverName: 'other.example' }],
    ['a certificate that has expired', { ...GOOD, from: inDays(-30), until: inDays(-3) }, undefined, {}],
    ['a certificate of the future', { ...GOOD, from: inDays(30), until: inDays(60) }, undefined, {}],
    ['another key than the pinned one', GOOD, undefined, { pins: ['AAAA'] }],
  ] as const)(
    'a hub with %s is kept out by the check alone: whoever does not look hears its hello',
    async (...site) => {
      const [, plan, authority, client] = site;
      const { folder, ...server } = certified(plan, authority);
      const { port } = await serveTls(server);
      expect((await dial(folder, port, client).untilClosed()).length).toBeGreaterThan(0);
      const careless = connect({ host: HOST, port, ca: folder.authority.certificate, rejectUnauthorized: false });
      onTestFinished(() => void careless.destroy());
      const [bytes] = await once(careless, 'data');
      expect(String(bytes)).toBe('hello');
    },
  );

  it('nor does an authority of the same name get in', async () => {
    expect(await refusal(certified(GOOD, new Authority('Bench Authority')))).toMatch(
      /by an authority that is not trusted/,
    );
  });

  it('no environment variable lets a hub in that did not prove itself', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    onTestFinished(() => void delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    expect(await refusal(certified(GOOD, new Authority('Somebody Else')))).toMatch(/not trusted/);
    expect(await refusal(certified(), { serverName: 'other.example' })).toMatch(/correct host/);
  });

  it('a wrong name is told with the names that there are', async () => {
    expect(await refusal(certified(), { serverName: 'other.example' })).toBe(
      '127.0.0.1 has a certificate for 127.0.0.1, hub.example, not for other.example: correct host, or set tls_server_name',
    );
  });

  it('an expired certificate is told with its day', async () => {
    const until = inDays(-3);
    const reason = await refusal(certified({ ...GOOD, from: inDays(-30), until }));
    expect(reason).toContain(`has a certificate that expired on ${until.toISOString().slice(0, 10)}`);
  });

  it('a certificate of the future is blamed on the clock, and on an unset one in plain words', async () => {
    const from = inDays(30);
    const server = { ...GOOD, from, until: inDays(60) };
    const day = from.toISOString().slice(0, 10);
    expect(await refusal(certified(server))).toContain(`not valid before ${day}, and the clock of this machine reads`);
    expect(await refusal(certified(server), { wallMs: () => 0 })).toBe(
      `127.0.0.1 has a certificate that is not valid before ${day}, and the clock of this machine reads 1970-01-01: it is not set; the gateway tries again until it is`,
    );
  });

  it('with pins, the key of the hub is one of them', async () => {
    const server = certified();
    const pin = pinOf(server.cert);
    const { port } = await serveTls(server);
    await dial(server.folder, port, { pins: ['AAAA', pin] }).untilReceived(5);
    expect(await refusal(server, { pins: ['AAAA', 'BBBB'] })).toBe(
      `127.0.0.1 has a public key that is not in tls_pins: its SHA-256 is ${pin}`,
    );
  });

  it('a pin of the authority that anybody can show does not count', async () => {
    const server = certified();
    expect(await refusal(server, { pins: [pinOf(server.folder.authority.certificate)] })).toMatch(/not in tls_pins/);
  });

  it('nothing older than TLS 1.2 is spoken', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    expect(await refusal({ ...certified(), ...old })).toBe(
      '127.0.0.1 does not speak TLS 1.2 or later: it must be updated',
    );
  });

  it.each([
    ['answers in plain text', '127.0.0.1 does not answer in TLS: is 0 the right port?', 'HTTP/1.0 400 Bad\r\n\r\n'],
    ['hangs up', '127.0.0.1 closed the connection during the TLS handshake: does port 0 speak TLS?', ''],
  ])('a port that %s is told', async (_, words, answer) => {
    const port = await standUp(createServer((socket) => void socket.once('data', () => socket.end(answer))));
    const reason = await dial(new TlsFolder(), port).untilClosed();
    expect(reason.replaceAll(`:${port}`, '').replaceAll(String(port), '0')).toBe(words);
  });
});

describe('a hub that wants a client certificate', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('lets in who has one, over %s', async (maxVersion) => {
    const { folder, ...server } = certified();
    const mutual = {
      ...server,
      ca: folder.authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
      maxVersion,
    };
    const { port, sockets } = await serveTls(mutual);
    const client = folder.writeClient({ commonName: 'gw' });
    const files = new TlsFiles({ caFile: folder.caFile, client, noted: () => {} });
    await dial(folder, port, { files }).untilReceived(5);
    expect(sockets[0]?.getPeerCertificate().subject.CN).toBe('gw');
  });

  it('tells who has none', async () => {
    const { folder, ...server } = certified();
    const mutual = { folder, ...server, ca: folder.authority.certificate, requestCert: true, rejectUnauthorized: true };
    expect(await refusal(mutual)).toBe(
      '127.0.0.1 requires a client certificate: set tls_certificate_file and tls_key_file',
    );
    expect(await refusal({ ...mutual, maxVersion: 'TLSv1.2' })).toMatch(/may require a client certificate/);
  });
});
