/**
 * The connection to the hub over TLS, on real sockets: accepted servers, rejected servers, and the texts of the
 * rejections.
 */
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

/** Connects to a server with such a certificate. @returns reason of the failure */
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
  it('bytes go both ways once the hub has proved its identity', async () => {
    const server = certified();
    const { port, sockets } = await serveTls(server);
    const listener = dial(server.folder, port);
    expect((await listener.untilReceived(5)).toString()).toBe('hello');
    expect(listener.openings).toBe(1);
    expect(sockets[0]?.getProtocol()).toBe('TLSv1.3');
  });

  it('written bytes are sent before the close, and a peer that accepts nothing is closed', async () => {
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

  it('a peer that never finishes the handshake is closed', async () => {
    const port = await standUp(createServer(() => {}));
    const files = new TlsFiles({ caFile: new TlsFolder().caFile, client: undefined, noted: () => {} });
    const listener = new Recorder();
    openTls({ host: HOST, port, serverName: HOST, pins: [], files, ...LIMITS, openMsMax: 300 })(listener);
    expect(await listener.untilClosed()).toMatch(
      // a busy machine connects late
      /^127\.0\.0\.1:\d+ (did not answer|accepted the TCP connection and did not finish the TLS handshake) within 300 ms$/,
    );
    expect(listener.openings).toBe(0);
  });

  it('a port where nothing listens has the same text as without TLS', async () => {
    const files = new TlsFiles({ caFile: new TlsFolder().caFile, client: undefined, noted: () => {} });
    const listener = new Recorder();
    openTls({ host: HOST, port: 1, serverName: HOST, pins: [], files, ...LIMITS })(listener);
    expect(await listener.untilClosed()).toBe(
      '127.0.0.1:1 refused the connection: no program listens on the port, or a firewall rejects it',
    );
  });

  it('the requested name can differ from the host', async () => {
    const server = certified();
    const { port, sockets } = await serveTls(server);
    await dial(server.folder, port, { serverName: 'hub.example' }).untilReceived(5);
    expect((sockets[0] as { servername?: string } | undefined)?.servername).toBe('hub.example');
  });

  it('an untrusted authority is named', async () => {
    const server = certified(GOOD, new Authority('Other Authority'));
    expect(await refusal(server)).toBe(
      '127.0.0.1 has a certificate by an authority that is not trusted, "CN=Other Authority": set tls_ca_file to its certificate',
    );
  });

  it('without a file, the authorities of this machine count, and no bench authority is among them', async () => {
    const files = new TlsFiles({ caFile: undefined, client: undefined, noted: () => {} });
    expect(await refusal(certified(), { files })).toContain('an authority that is not trusted, "CN=Bench Authority"');
  });

  it.each([
    ['an untrusted authority', GOOD, new Authority('Other Authority'), {}],
    ['an authority with a copied name', GOOD, new Authority('Bench Authority'), {}],
    ['the wrong name', GOOD, undefined, { serverName: 'other.example' }],
    ['a certificate that has expired', { ...GOOD, from: inDays(-30), until: inDays(-3) }, undefined, {}],
    ['a certificate of the future', { ...GOOD, from: inDays(30), until: inDays(60) }, undefined, {}],
    ['another key than the pinned one', GOOD, undefined, { pins: ['AAAA'] }],
  ] as const)(
    'a hub with %s is rejected by the check alone: a client without the check receives its hello',
    async (...impostor) => {
      const [, plan, authority, client] = impostor;
      const { folder, ...server } = certified(plan, authority);
      const { port } = await serveTls(server);
      expect((await dial(folder, port, client).untilClosed()).length).toBeGreaterThan(0);
      const careless = connect({ host: HOST, port, ca: folder.authority.certificate, rejectUnauthorized: false });
      onTestFinished(() => void careless.destroy());
      const [bytes] = await once(careless, 'data');
      expect(String(bytes)).toBe('hello');
    },
  );

  it('another authority of the same name is rejected as well', async () => {
    expect(await refusal(certified(GOOD, new Authority('Bench Authority')))).toMatch(
      /by an authority that is not trusted/,
    );
  });

  it('no environment variable makes an unproven hub accepted', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    onTestFinished(() => void delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    expect(await refusal(certified(GOOD, new Authority('Other Authority')))).toMatch(/not trusted/);
    expect(await refusal(certified(), { serverName: 'other.example' })).toMatch(/not for other\.example/);
  });

  it('a wrong name is reported with the names in the certificate', async () => {
    expect(await refusal(certified(), { serverName: 'other.example' })).toBe(
      '127.0.0.1 has a certificate for 127.0.0.1, hub.example, not for other.example',
    );
  });

  it('an expired certificate is reported with its day', async () => {
    const until = inDays(-3);
    const reason = await refusal(certified({ ...GOOD, from: inDays(-30), until }));
    expect(reason).toContain(`has a certificate that expired on ${until.toISOString().slice(0, 10)}`);
  });

  it('a certificate of the future is attributed to the clock, and to an unset clock in plain words', async () => {
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

  it('a pin of the authority, whose certificate is public, does not count', async () => {
    const server = certified();
    expect(await refusal(server, { pins: [pinOf(server.folder.authority.certificate)] })).toMatch(/not in tls_pins/);
  });

  it('no version older than TLS 1.2 is accepted', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    expect(await refusal({ ...certified(), ...old })).toBe(
      '127.0.0.1 does not speak TLS 1.2 or later: it must be updated',
    );
  });

  it.each([
    ['answers in plain text', '127.0.0.1 does not answer in TLS: is 0 the right port?', 'HTTP/1.0 400 Bad\r\n\r\n'],
    ['hangs up', '127.0.0.1 closed the connection during the TLS handshake: does port 0 speak TLS?', ''],
  ])('a port that %s is reported', async (_, words, answer) => {
    const port = await standUp(createServer((socket) => void socket.once('data', () => socket.end(answer))));
    const reason = await dial(new TlsFolder(), port).untilClosed();
    expect(reason.replaceAll(`:${port}`, '').replaceAll(String(port), '0')).toBe(words);
  });
});

describe('a hub that wants a client certificate', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('accepts a client with a certificate, over %s', async (maxVersion) => {
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

  it('rejects a client without one, with its text', async () => {
    const { folder, ...server } = certified();
    const mutual = { folder, ...server, ca: folder.authority.certificate, requestCert: true, rejectUnauthorized: true };
    expect(await refusal(mutual)).toBe(
      '127.0.0.1 requires a client certificate: set tls_certificate_file and tls_key_file',
    );
    expect(await refusal({ ...mutual, maxVersion: 'TLSv1.2' })).toMatch(/may require a client certificate/);
  });
});
