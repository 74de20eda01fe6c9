/** Faults of TLS: certificates, names, dates, ports, and the clock that judges them. */
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Authority, type CertificatePlan } from '../../../src/bench/certificates.ts';
import { FAKETIME_IS_MISSING, newWallClock } from '../fake-clock.ts';
import { GOOD, standUp, TlsFolder } from '../tls-rig.ts';
import { serveNarrowPath, serveTcp } from './false-hubs.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultScene, openScene, type ScenePlan } from './fault-scene.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);
const NOT_THE_NETWORK = [/cable/i, /name server/i, /firewall/i];
const NOT_THE_IDENTITY = [/password/i, /client_id/, /another gateway/];

interface TlsPlan {
  readonly hub?: CertificatePlan;
  readonly authority?: Authority;
  readonly client?: CertificatePlan;
  readonly clientAuthority?: Authority;
  readonly server?: TlsOptions;
  readonly env?: ScenePlan['env'];
  /** Largest segment that reaches the gateway, bytes. */
  readonly segmentBytesMax?: number;
}

/** Gateway that trusts one authority, and a TLS server with a certificate of the plan that reads and does not answer. */
async function openTls(plan: TlsPlan): Promise<FaultScene> {
  const folder = new TlsFolder();
  const { certificate, key } = (plan.authority ?? folder.authority).issue(plan.hub ?? GOOD);
  const server = createTlsServer({ cert: certificate, key, ...plan.server }, (socket) => {
    socket.on('error', () => undefined).resume();
    socket.once('data', () => socket.write(Buffer.of(0x20, 2, 0, 0)));
  });
  server.on('tlsClientError', () => undefined);
  const open = await standUp(server);
  const port = plan.segmentBytesMax === undefined ? open : await serveNarrowPath(open, plan.segmentBytesMax);
  const own = plan.client === undefined ? undefined : folder.writeClient(plan.client, plan.clientAuthority);
  const files = own === undefined ? {} : { tls_certificate_file: own.certificateFile, tls_key_file: own.keyFile };
  return await openScene({
    hub: { port, tls: 'on', tls_ca_file: folder.caFile, ...files },
    ...(plan.env === undefined ? {} : { env: plan.env }),
  });
}

async function startTls(plan: TlsPlan): Promise<FaultScene> {
  return (await openTls(plan)).start();
}

function atTime(time: string): ScenePlan['env'] {
  const clock = newWallClock();
  clock.set(time);
  return clock.env;
}

export const TLS_ROWS: readonly FaultRow[] = [
  {
    area: 'TLS',
    name: 'The hub speaks plain MQTT at a port for TLS',
    inject: async () => {
      const folder = new TlsFolder();
      return (await openScene({ hub: { tls: 'on', tls_ca_file: folder.caFile } })).start();
    },
    status: { losing: 'No|Not yet', condition: 'hub-away', says: ['TLS', /port/] },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['port'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY, /certificate that expired/],
  },
  {
    area: 'TLS',
    name: 'The hub speaks TLS and the gateway does not',
    inject: async () => {
      const { certificate, key } = new Authority('Hub Authority').issue(GOOD);
      const server = createTlsServer({ cert: certificate, key }).on('tlsClientError', () => undefined);
      return (await openScene({ hub: { port: await standUp(server) } })).start();
    },
    status: { losing: 'No|Not yet', condition: 'hub-away', says: ['tls = "on"'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
  {
    area: 'TLS',
    name: 'The certificate of the hub has expired',
    inject: () => startTls({ hub: { ...GOOD, from: inDays(-90), until: inDays(-2) } }),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['that expired on', 'Renew the certificate at the hub'],
    },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['that expired on'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
  {
    area: 'TLS',
    name: 'The certificate of the hub expires in 5 days',
    inject: () => startTls({ hub: { ...GOOD, until: inDays(5) } }),
    doctor: { finding: 'hub.tls', verdict: 'warn', says: ['ends in', 'at the hub'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
  {
    area: 'TLS',
    name: 'The client certificate expires in 5 days',
    isLong: true,
    inject: () => startTls({ client: { commonName: 'gw', until: inDays(5) } }),
    doctor: { finding: 'hub.tls', verdict: 'warn', says: ['client certificate', 'ends in', 'Renew'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
  {
    area: 'TLS',
    name: 'The certificate of the hub is for another name',
    inject: () => startTls({ hub: { commonName: 'other', names: ['other.example'] } }),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['other.example', 'tls_server_name'] },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['other.example'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY, /expired/],
  },
  {
    area: 'TLS',
    name: 'The authority of the hub is unknown',
    inject: () => startTls({ authority: new Authority('Unknown Authority') }),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['Unknown Authority', 'tls_ca_file'] },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['Unknown Authority'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY, /expired/],
  },
  {
    area: 'TLS',
    name: 'The hub rejects the client certificate',
    inject: () => {
      const clients = new Authority('Clients');
      return startTls({
        client: { commonName: 'gw' },
        clientAuthority: new Authority('Strangers'),
        server: { requestCert: true, rejectUnauthorized: true, ca: clients.certificate },
      });
    },
    status: { losing: 'No|Not yet', condition: 'hub-away', says: ['client certificate', 'TLS keys of [hub]'] },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['client certificate'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY, /expired/],
  },
  {
    area: 'TLS',
    name: 'The hub requires a client certificate and none is set',
    isLong: true,
    inject: () => {
      const clients = new Authority('Clients');
      return startTls({ server: { requestCert: true, rejectUnauthorized: true, ca: clients.certificate } });
    },
    status: { losing: 'Not yet', condition: 'hub-away', says: ['client certificate', 'tls_certificate_file'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY, /expired/],
  },
  {
    area: 'TLS',
    name: 'The certificate of the hub does not arrive: large packets are lost (MTU)',
    isLong: true,
    delayedMs: 10_000,
    inject: () => startTls({ segmentBytesMax: 600 }),
    first: { condition: 'hub-away', says: [/TLS handshake/] },
    status: { losing: 'No', condition: 'hub-away', says: ['TLS handshake', 'MTU'] },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['MTU'] },
    neverSays: [...NOT_THE_IDENTITY, /name server/i, /expired/],
  },
  {
    area: 'TLS',
    name: 'The server accepts TCP and does not answer in TLS',
    isLong: true,
    delayedMs: 10_000,
    inject: async () => {
      const folder = new TlsFolder();
      const port = await serveTcp((socket) => void socket.resume());
      return (await openScene({ hub: { port, tls: 'on', tls_ca_file: folder.caFile } })).start();
    },
    first: { condition: 'hub-away', says: [/TLS handshake/] },
    status: { losing: 'No', condition: 'hub-away', says: ['TLS handshake'] },
    neverSays: [...NOT_THE_IDENTITY, /name server/i, /expired/],
  },
  {
    area: 'TLS',
    name: 'The clock is a year ahead',
    missing: FAKETIME_IS_MISSING ? 'libfaketime' : undefined,
    isLong: true,
    inject: () => startTls({ hub: { ...GOOD, until: inDays(90) }, env: atTime('+1y') }),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['that expired on', 'Check the clock'] },
    doctor: { finding: 'hub.tls', verdict: 'fail', says: ['the clock of this machine reads'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
  {
    area: 'TLS',
    name: 'The clock shows 1970',
    missing: FAKETIME_IS_MISSING ? 'libfaketime' : undefined,
    isLong: true,
    inject: () => startTls({ env: atTime('@1970-01-02 00:00:00') }),
    status: { losing: 'No', condition: 'clock-untrusted', says: ['1970', 'The clock is not set', 'timedatectl'] },
    doctor: { finding: 'clock.time', verdict: 'fail', says: ['1970', 'timedatectl'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
];
