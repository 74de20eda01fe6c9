/** Faults of the HTTP proxy on the way to the hub. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { HttpProxy, type HttpProxyPlan } from '../http-proxy.ts';
import { closedPort, serveWords } from './false-hubs.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultScene, openScene } from './fault-scene.ts';

/** Parties that have nothing to do with the proxy. */
const OTHERS = [/password in \[hub\]/, /client_id/, /identity of/, /SD card/, /cable/i, /log of the hub/];
const END = '\r\nContent-Length: 0\r\n\r\n';

async function throughProxy(port: number, keys: Readonly<Record<string, string>> = {}): Promise<FaultScene> {
  return (await openScene({ hub: { proxy: `http://127.0.0.1:${port}`, ...keys } })).start();
}

const withProxy = async (plan: HttpProxyPlan, keys?: Readonly<Record<string, string>>): Promise<FaultScene> =>
  throughProxy((await HttpProxy.open(plan)).port, keys);

/** Keys with a login that the proxy does not know. */
function wrongLogin(): Readonly<Record<string, string>> {
  const folder = mkdtempSync('/var/tmp/holdfast-proxy-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, 'old\n', { mode: 0o600 });
  return { proxy_username: 'gw', proxy_password_file: file };
}

export const PROXY_ROWS: readonly FaultRow[] = [
  {
    area: 'hub',
    name: 'Nothing listens at the port of the HTTP proxy',
    inject: async () => throughProxy(await closedPort()),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: [/the proxy \S+ refused the connection/, 'Check that the proxy is running'],
    },
    doctor: {
      finding: 'hub.address',
      verdict: 'fail',
      says: [/the proxy \S+ refused the connection/, 'Check that the proxy is running'],
    },
    neverSays: OTHERS,
  },
  {
    area: 'hub',
    name: 'The name of the HTTP proxy does not exist',
    inject: async () => (await openScene({ hub: { proxy: 'http://proxy.invalid:3128' } })).start(),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['the proxy proxy.invalid:3128 was not found by name', 'Correct proxy in [hub]'],
    },
    doctor: { finding: 'hub.name', verdict: 'fail', says: ['not found by name', 'Correct proxy in [hub]'] },
    neverSays: [...OTHERS, /Correct host/],
  },
  {
    area: 'hub',
    name: 'The HTTP proxy asks for a login, and none is configured',
    inject: () => withProxy({ login: 'gw:secret' }),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['asks for a user name and a password', 'Set proxy_username and proxy_password_file'],
    },
    doctor: { finding: 'hub.route', verdict: 'fail', says: ['asks for a user name and a password', 'proxy_username'] },
    neverSays: OTHERS,
  },
  {
    area: 'hub',
    name: 'The HTTP proxy does not accept the login',
    inject: () => withProxy({ login: 'gw:new' }, wrongLogin()),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['does not accept the user name and the password', 'Correct proxy_username'],
    },
    doctor: {
      finding: 'hub.route',
      verdict: 'fail',
      says: ['does not accept the user name', 'Correct proxy_username'],
    },
    neverSays: OTHERS,
  },
  {
    area: 'hub',
    name: 'The HTTP proxy permits no tunnel to the hub',
    inject: () => withProxy({ answer: `HTTP/1.1 403 Forbidden${END}` }),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['does not permit a tunnel', 'Ask the operator of the proxy to permit CONNECT'],
    },
    doctor: { finding: 'hub.route', verdict: 'fail', says: ['does not permit a tunnel', 'permit CONNECT'] },
    neverSays: OTHERS,
  },
  {
    area: 'hub',
    name: 'The HTTP proxy cannot reach the hub',
    inject: () => withProxy({ answer: `HTTP/1.1 502 Bad Gateway${END}` }),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['opened no tunnel', 'the proxy looks up the name and opens the connection'],
    },
    doctor: { finding: 'hub.route', verdict: 'fail', says: ['opened no tunnel', 'the proxy looks up the name'] },
    neverSays: OTHERS,
  },
  {
    area: 'hub',
    name: 'An SSH server answers at the port of the HTTP proxy',
    inject: async () => throughProxy(await serveWords('greets', 'SSH-2.0-OpenSSH_9.6\r\n\r\n')),
    status: {
      losing: 'No|Not yet',
      condition: 'hub-away',
      says: ['does not answer in HTTP', 'another program answers there'],
    },
    doctor: { finding: 'hub.route', verdict: 'fail', says: ['does not answer in HTTP', 'Correct proxy in [hub]'] },
    neverSays: OTHERS,
  },
];
