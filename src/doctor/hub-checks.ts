/** Checks of the way to the hub, step by step: name, each address, TLS, CONNECT. */

import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { join } from 'node:path';
import { accessHub } from '../app/hub-access.ts';
import { hubPacketBytesMax, signsWith } from '../app/machines.ts';
import { newFacts } from '../base/events.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import type { HubConfig } from '../config/hub/hub-config.ts';
import { refusalOf } from '../hub/client/connack.ts';
import { lockOwnersOf } from '../io/lock-owners.ts';
import { serviceUserOf } from '../io/service-user.ts';
import { explainSocketError, peerOf } from '../io/tcp.ts';
import { remedyFor } from '../ops/conditions/hub-remedies.ts';
import { countOf } from '../ops/words.ts';
import { STORE_FILE } from '../store/state-files.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';
import { configOf, type DoctorInput, noConfig } from './doctor-input.ts';
import { tryHub } from './hub-trial.ts';

const NAME_SERVER = 'No name server answers. Check the network and the servers in /etc/resolv.conf.';
/** Longest time for a close. */
const CLOSE_MS_MAX = 1000;
const CONNECT_MS_MAX = 5000;
/** Duration of a name look-up above which it is reported. A look-up with a lost packet takes 5 s. */
const SLOW_NAME_MS = 1000;

/** Machine to which the gateway opens TCP connections. The proxy looks up the name of the hub. */
function nextHop({ proxy, host, port }: HubConfig): { readonly host: string; readonly port: number } {
  return proxy ?? { host, port };
}

export const hubName: Check = {
  id: 'hub.name',
  about: 'the host name of the hub, or of the proxy on the way, has addresses',
  msMax: 8000,
  lateRemedy: NAME_SERVER,
  run: async (input) => {
    const { id } = hubName;
    const config = configOf(input);
    if (config === undefined) return [skipped(id, noConfig(input))];
    const { host, port } = nextHop(config.hub);
    if (isIP(host) !== 0) return [skipped(id, `${host} is an address.`)];
    const beganMs = performance.now();
    try {
      const addresses = await lookup(host, { all: true });
      const ms = Math.round(performance.now() - beganMs);
      const fact = `${host} has ${countOf(addresses.length, 'address')}: ${addresses.map(({ address }) => address).join(', ')} (${ms} ms).`;
      if (ms < SLOW_NAME_MS) return [ok(id, fact)];
      return [warn(id, fact, 'A name server answers slowly or not at all. Check the servers in /etc/resolv.conf.')];
    } catch (error) {
      const reason = explainSocketError(
        config.hub.proxy === undefined ? host : `the proxy ${hostAndPort({ host, port })}`,
        error as Error,
      );
      return [fail(id, `${reason}.`, remedyFor(reason).hint)];
    }
  },
};

export const hubAddress: Check = {
  id: 'hub.address',
  about: 'each address of the hub, or of the proxy on the way, accepts a TCP connection',
  msMax: 2 * CONNECT_MS_MAX,
  lateRemedy: 'See hub.name: the name server may not answer. Otherwise a firewall may drop the packets.',
  run: async (input, signal): Promise<readonly CheckFinding[]> => {
    const { id } = hubAddress;
    const config = configOf(input);
    if (config === undefined) return [skipped(id, noConfig(input))];
    const { host, port } = nextHop(config.hub);
    const addresses = await lookup(host, { all: true }).catch(() => []);
    if (addresses.length === 0) return [skipped(id, `${host} has no address.`)];
    const tries = await Promise.all(
      addresses.map(({ address }) => connectTo({ address, port, isProxy: config.hub.proxy !== undefined }, signal)),
    );
    const failed = tries.filter(({ problem }) => problem !== undefined);
    const facts = tries.map(({ peer, ms, problem }) =>
      problem === undefined ? `${peer} accepts (${ms} ms).` : `${problem}.`,
    );
    const isWithoutIpv6 = failed.length < tries.length && failed.every(({ peer }) => peer.startsWith('['));
    if (failed.length === 0 || isWithoutIpv6) return [ok(id, ...facts)];
    const { hint } = remedyFor(failed[0]?.problem);
    return [failed.length === tries.length ? fail(id, facts, hint) : warn(id, facts, hint)];
  },
};

interface Attempt {
  readonly peer: string;
  readonly ms: number;
  readonly problem: string | undefined;
}

interface Hop {
  readonly address: string;
  readonly port: number;
  readonly isProxy: boolean;
}

function connectTo({ address, port, isProxy }: Hop, signal: AbortSignal): Promise<Attempt> {
  const beganMs = performance.now();
  const peer = peerOf({ host: address, port });
  const subject = isProxy ? `the proxy ${peer}` : peer;
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, signal });
    const done = (problem: string | undefined): void => {
      socket.destroy();
      resolve({ peer, ms: Math.round(performance.now() - beganMs), problem });
    };
    socket.setTimeout(CONNECT_MS_MAX, () => done(`${subject} did not answer within ${CONNECT_MS_MAX} ms`));
    socket.once('connect', () => done(undefined));
    socket.once('error', (error) => done(explainSocketError(subject, error)));
  });
}

/** @param isAllowed `--connect` was given; `elsewhere`: `hub.permissions` connects, and only one client may */
export function hubConnect(isAllowed: boolean | 'elsewhere'): Check {
  const id = 'hub.connect';
  return {
    id,
    about: 'the hub accepts the identity of the gateway',
    msMax: 15_000,
    run: async (input, signal) => {
      const config = configOf(input);
      const { gateway, clock } = input;
      if (gateway.kind === 'running')
        return gateway.status.conditions.some(({ code }) => code === 'cloned-store')
          ? [skipped(id, 'The gateway does not connect, because its store may be a copy: see storage.owner.')]
          : [connectionOf(gateway.status.hub)];
      if (config === undefined) return [skipped(id, noConfig(input))];
      if (gateway.kind !== 'absent' || isStoreInUse(input))
        return [skipped(id, 'A process uses the socket or the store of this gateway: it may be connected.')];
      if (isAllowed === 'elsewhere') return [skipped(id, 'Tried by hub.permissions.')];
      if (!isAllowed)
        return [
          skipped(
            id,
            'CONNECT needs the identity of the gateway. To try it while the gateway is stopped, add --connect.',
          ),
        ];
      const { hub } = config;
      const runAs = serviceUserOf(config.gateway.stateDir);
      const access = await accessHub({ hub, clock, facts: newFacts(), closeMsMax: CLOSE_MS_MAX, runAs });
      const credentials = () => access.credentials(clock.wallMs());
      const packetBytesMax = hubPacketBytesMax(config);
      const result = await tryHub({ open: access.openWithPassword, credentials, packetBytesMax, signal });
      access.end();
      if (result.kind === 'failed') return [fail(id, `${result.reason}.`, remedyFor(result.reason).hint)];
      const refusal = refusalOf(result.connack.returnCode, signsWith(hub.credentials));
      if (refusal !== undefined) return [fail(id, `${refusal.reason}.`, refusal.remedy)];
      const session = result.connack.sessionPresent
        ? 'It keeps a session for this identity.'
        : 'It keeps no session for this identity.';
      return [ok(id, `The hub accepts ${hub.clientId} (${result.ms} ms). ${session}`)];
    },
  };
}

function connectionOf(hub: Extract<DoctorInput['gateway'], { kind: 'running' }>['status']['hub']): CheckFinding {
  const id = 'hub.connect';
  if (hub.takeovers > 0) {
    const cause = `Either another gateway is connecting as ${hub.clientId}, or the hub or a firewall is closing accepted connections.`;
    const fact = `${countOf(hub.takeovers, 'connection')} in a row ended soon after the hub had accepted them. ${cause}`;
    return fail(
      id,
      fact,
      'Look for a second gateway with this client id (a copied SD card), and at the log of the hub.',
    );
  }
  if (hub.state === 'connected') return ok(id, `The gateway is connected as ${hub.clientId}.`);
  const reason = hub.lastProblem ?? 'no attempt has ended yet';
  return fail(id, `The gateway is not connected: ${reason}.`, remedyFor(hub.lastProblem ?? undefined).hint);
}

/** True if a process holds the store, whichever socket it uses. */
export function isStoreInUse({ places }: DoctorInput): boolean {
  return places.stateDir !== undefined && lockOwnersOf(join(places.stateDir, STORE_FILE)).length > 0;
}
