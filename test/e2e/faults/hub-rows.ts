/** Faults of the way to the hub and of the hub. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../until.ts';
import {
  closedPort,
  openBlackHole,
  serveConnack,
  serveNames,
  serveNarrowPath,
  serveTcp,
  serveWords,
} from './false-hubs.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultScene, openScene } from './fault-scene.ts';
import { mqttsnLink, openLine, startSubdevice } from './subdevice-lines.ts';

/** Accusations that no fault of the network or of a server justifies. */
const NOT_THE_IDENTITY = [/password/i, /client_id/, /identity of/, /SD card/];
const NOT_THE_NETWORK = [/firewall/i, /cable/i, /name server/i];

const atPort = async (port: number): Promise<FaultScene> => (await openScene({ hub: { port } })).start();

/** Scene with another resolv.conf for its processes. */
async function withNames(nameServer: string, host = 'hub.example'): Promise<FaultScene> {
  const scene = await openScene({
    hub: { host },
    launcher: ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', RESOLV],
  });
  writeFileSync(RESOLV, `nameserver ${nameServer}\n`);
  return scene.start();
}

const RESOLV = '/var/tmp/holdfast-fault-resolv.conf';

export const HUB_ROWS: readonly FaultRow[] = [
  {
    area: 'hub',
    name: 'Nothing listens at the port of the hub',
    inject: async () => atPort(await closedPort()),
    status: {
      losing: 'No',
      condition: 'hub-away',
      says: ['no program listens on the port', 'Check that the hub is running and that port'],
    },
    doctor: { finding: 'hub.address', verdict: 'fail', says: ['no program listens on the port'] },
    neverSays: [...NOT_THE_IDENTITY, /name server/i, /TLS/],
  },
  {
    area: 'hub',
    name: 'The host name of the hub is unknown',
    isLong: true,
    inject: async () => withNames(await serveNames('unknown')),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['was not found by name', 'Correct host in [hub]'] },
    doctor: { finding: 'hub.name', verdict: 'fail', says: ['was not found by name'] },
    neverSays: [...NOT_THE_IDENTITY, /firewall/i],
  },
  {
    area: 'hub',
    name: 'No name server answers',
    isLong: true,
    delayedMs: 10_000,
    inject: async () => withNames(await serveNames('silent')),
    first: { condition: 'hub-away', says: ['name'] },
    status: { losing: 'No', condition: 'hub-away', says: ['name server'] },
    doctor: { finding: 'hub.name', verdict: 'warn', says: ['name server'] },
    neverSays: [...NOT_THE_IDENTITY, /Correct host/],
  },
  {
    area: 'hub',
    name: 'The name server answers after 3 s',
    isLong: true,
    inject: async () => withNames(await serveNames({ afterMs: 3000 })),
    doctor: { finding: 'hub.name', verdict: 'warn', says: ['answers slowly'] },
    neverSays: [...NOT_THE_IDENTITY, /Correct host/, /firewall/],
  },
  {
    area: 'hub',
    name: 'A firewall drops the packets to the hub',
    isLong: true,
    delayedMs: 10_000,
    inject: async () => atPort(await openBlackHole()),
    first: { condition: 'hub-away', says: ['no answer'] },
    status: { losing: 'No', condition: 'hub-away', says: ['did not answer within', 'A firewall may drop the packets'] },
    doctor: { finding: 'hub.address', verdict: 'fail', says: ['did not answer within'] },
    neverSays: [...NOT_THE_IDENTITY, /name server/i],
  },
  {
    area: 'hub',
    name: 'A web server answers at the port of the hub',
    inject: async () => atPort(await serveWords('answers', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['speaks HTTP', 'Correct host and port'] },
    neverSays: [...NOT_THE_IDENTITY, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'A captive portal or proxy answers for the hub',
    inject: async () =>
      atPort(await serveWords('answers', 'HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\n\r\n')),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['speaks HTTP', /portal|proxy/] },
    neverSays: [...NOT_THE_IDENTITY, /cable/i],
  },
  {
    area: 'hub',
    name: 'An SSH server answers at the port of the hub',
    inject: async () => atPort(await serveWords('greets', 'SSH-2.0-OpenSSH_9.6\r\n')),
    status: { losing: 'Not yet', condition: 'hub-away', says: ['speaks SSH', 'Correct host and port'] },
    neverSays: [...NOT_THE_IDENTITY, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The hub accepts TCP and never answers CONNECT',
    delayedMs: 10_000,
    inject: async () => atPort(await serveTcp((socket) => void socket.resume())),
    status: {
      losing: 'No',
      condition: 'hub-away',
      says: ['no CONNACK for', 'Check that an MQTT 3.1.1 broker listens'],
    },
    neverSays: [...NOT_THE_IDENTITY, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The hub rejects the client id',
    inject: async () => atPort(await serveConnack(2)),
    status: { losing: 'Not yet', condition: 'hub-refuses', says: ['CONNACK 2', 'client_id'] },
    doctor: { finding: 'hub.connect', verdict: 'fail', says: ['client id'] },
    neverSays: [...NOT_THE_NETWORK, /password/],
  },
  {
    area: 'hub',
    name: 'The hub is unavailable',
    isLong: true,
    inject: async () => atPort(await serveConnack(3)),
    status: { losing: 'Not yet', condition: 'hub-refuses', says: ['CONNACK 3', 'log of the hub'] },
    neverSays: [...NOT_THE_NETWORK, ...NOT_THE_IDENTITY],
  },
  {
    area: 'hub',
    name: 'The user name or password is wrong',
    inject: async () => atPort(await serveConnack(4)),
    status: { losing: 'Not yet', condition: 'hub-refuses', says: ['CONNACK 4', 'username'] },
    neverSays: [...NOT_THE_NETWORK, /SD card/],
  },
  {
    area: 'hub',
    name: 'The hub does not authorise the gateway',
    isLong: true,
    inject: async () => atPort(await serveConnack(5)),
    status: {
      losing: 'Not yet',
      condition: 'hub-refuses',
      says: ['CONNACK 5', 'Check at the hub that this client may connect'],
    },
    neverSays: [...NOT_THE_NETWORK, /SD card/],
  },
  {
    area: 'hub',
    name: 'Two gateways have the same identity',
    isLong: true,
    inject: async () => {
      const scene = await openScene();
      const other = await openScene({ hub: { port: scene.hub.port } });
      await other.start();
      return scene.start();
    },
    status: {
      losing: 'Not yet',
      condition: 'hub-taken-over',
      says: ['another gateway is connecting as gw', 'its own identity'],
    },
    doctor: { finding: 'hub.connect', verdict: 'fail', says: ['second gateway', 'copied SD card'] },
    neverSays: [/password/i, /cable/i, /name server/i],
  },
  {
    area: 'hub',
    name: 'Large packets to the hub are lost on the way (MTU)',
    isLong: true,
    delayedMs: 20_000,
    inject: async () => {
      const pty = await openLine();
      const hub = await openScene();
      const scene = await openScene({
        hub: { port: await serveNarrowPath(hub.hub.port, 600), puback_ms_max: 1000 },
        links: mqttsnLink('field', pty.path, 'a'),
      });
      await scene.connect();
      const subdevice = startSubdevice('a', pty);
      await until(() => subdevice.isConnected);
      subdevice.publish('t', { bytes: 900 });
      return scene.injected();
    },
    first: { condition: 'hub-pubacks-missing', says: ['no PUBACK'] },
    status: { losing: 'No|Not yet', condition: 'hub-closes-suspect', says: ['became silent', 'MTU'] },
    neverSays: [...NOT_THE_IDENTITY, /name server/i],
  },
  {
    area: 'hub',
    name: 'The hub closes the connection on one topic',
    inject: async () => {
      const { scene, publish } = await publisher();
      scene.hub.setFault({ kind: 'set', faults: { poison: ['gw/a/bad'] } });
      publish('bad');
      return scene.injected();
    },
    status: { losing: 'No|Not yet', condition: 'hub-closes-suspect', says: ['gw/a/bad', 'log of the hub'] },
    doctor: { finding: 'hub.permissions', verdict: 'warn', says: ['gw/a/bad'] },
    neverSays: [/another gateway/, /password/i, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The hub refuses a subscription',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({
        rules: { forbiddenFilters: ['gw/a/cmd'] },
        links: mqttsnLink('field', pty.path, 'a'),
      });
      await scene.connect();
      const subdevice = startSubdevice('a', pty);
      subdevice.command({ kind: 'subscribe', filter: 'cmd', qos: 1 });
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'hub-subscriptions-refused', says: ['gw/a/cmd', 'permissions'] },
    doctor: { finding: 'hub.permissions', verdict: 'fail', says: ['gw/a/cmd'] },
    neverSays: [/password/i, /another gateway/, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The hub sends no PUBACK for one topic',
    delayedMs: 10_000,
    inject: async () => {
      const { scene, publish } = await publisher({ puback_ms_max: 1000, attempts_max: 100 });
      scene.hub.setFault({ kind: 'set', faults: { swallowsPubacks: ['gw/a/mute'] } });
      publish('mute');
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'hub-pubacks-missing', says: ['gw/a/mute', 'permissions'] },
    doctor: { finding: 'hub.permissions', verdict: 'warn', says: ['gw/a/mute'] },
    neverSays: [/password/i, /another gateway/, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The hub has lost the session',
    inject: async () => {
      const { scene } = await publisher();
      scene.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'downlink-gap', says: ['Downlinks may be missing', 'acknowledge-gap'] },
    neverSays: [/another gateway/, /password/i, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The password file cannot be read',
    inject: async () => {
      const file = join('/var/tmp', `holdfast-fault-password-${process.pid}`);
      writeFileSync(file, 'secret', { mode: 0o644 });
      return openScene({ hub: { username: 'gw', password_file: file } });
    },
    doctor: { finding: 'hub.secret', verdict: 'fail', says: ['password'] },
    neverSays: [/another gateway/, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'The program that prints the password fails',
    inject: async () => {
      const program = writeProgram('echo "no token service" >&2; exit 3', 0o755);
      return (await openScene({ hub: { username: 'gw', password_command: [program] } })).start();
    },
    status: {
      losing: 'Not yet',
      condition: 'hub-away',
      says: ['No password for the hub', 'exit code 3', 'no token service'],
    },
    doctor: { finding: 'hub.connect', verdict: 'fail', says: ['exit code 3', 'Run the program'] },
    neverSays: [/another gateway/, ...NOT_THE_NETWORK],
  },
  {
    area: 'hub',
    name: 'Others can change the program that prints the password',
    inject: async () => openScene({ hub: { username: 'gw', password_command: [writeProgram('echo key', 0o777)] } }),
    doctor: { finding: 'hub.secret', verdict: 'fail', says: ['mode 0777', 'chmod go-w'] },
    neverSays: [/another gateway/, ...NOT_THE_NETWORK],
  },
];

/** @returns the path of a shell script, which is removed with the scene */
function writeProgram(body: string, mode: number): string {
  const folder = mkdtempSync(join('/var/tmp', 'holdfast-fault-program-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'print-password');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

/** Scene with a connected subdevice `a` and a hub that has a subscription. */
async function publisher(hub: Readonly<Record<string, number>> = {}): Promise<{
  readonly scene: FaultScene;
  readonly publish: (topic: string) => void;
}> {
  const pty = await openLine();
  const scene = await openScene({ hub, links: mqttsnLink('field', pty.path, 'a') });
  await scene.connect();
  const subdevice = startSubdevice('a', pty);
  subdevice.command({ kind: 'subscribe', filter: 'cmd', qos: 1 });
  await until(() => subdevice.isSubscribed);
  return { scene, publish: (topic) => subdevice.publish(topic) };
}
