/**
 * A gateway without one check of the hub, named by `OVERLOOKS`, for the negative controls: repeated messages (`dup`),
 * takeovers by another client (`rivals`), the durable record of a gap (`gaps`), the certificate of the hub
 * (`certificates`), the owner of the stored session (`owners`), the will of the gateway (`will`), and the subdevice that a
 * downlink on a shared topic names (`names`).
 */
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import type { Config } from '../../src/config/schema.ts';
import { SocketChannel } from '../../src/io/tcp.ts';
import { STORE_FILE } from '../../src/store/state-files.ts';
import { storeThread } from '../../src/store/thread.ts';
import { overlookDup, overlookRivals } from '../sim/sabotage.ts';
import { runAlteredGateway } from './altered-gateway.ts';

interface Change {
  readonly alter?: (config: Config) => Partial<GatewayParts>;
  readonly patch?: (gateway: Gateway) => void;
}

const CHANGES: Readonly<Record<string, Change>> = {
  dup: { patch: overlookDup },
  rivals: { patch: overlookRivals },
  gaps: { patch: keepGapsInRam },
  certificates: { alter: trustAnybody },
  owners: { alter: takeAnySession },
  will: { patch: forgetWill },
  names: { patch: overlookNames },
};

/** Keeps the record of a gap in RAM: in the order of decisions it would be written with the next commit. */
function keepGapsInRam({ stations: { committer } }: Gateway): void {
  const require = committer.require.bind(committer);
  committer.require = (changes, byMs, then) => {
    require(changes.filter(({ kind }) => kind !== 'hubGap'), byMs, then);
  };
}

function forgetWill({ hub }: Gateway): void {
  const client = hub.client as unknown as { readonly options: object };
  Object.defineProperty(client, 'options', { value: { ...client.options, will: undefined } });
}

function overlookNames({ running }: Gateway): void {
  running.sharedTopics().open = () => undefined;
}

function trustAnybody({ hub: { host, port, connectMsMax } }: Config): Partial<GatewayParts> {
  const limits = { host, port, openMsMax: connectMsMax, closeMsMax: 2000 };
  return {
    openHub: (listener) => {
      const socket = connect({ host, port, rejectUnauthorized: false });
      const explain = ({ message }: Error): string => message;
      return new SocketChannel({ ...limits, socket, connectedEvent: 'secureConnect', explain }, listener);
    },
  };
}

function takeAnySession({ gateway: { stateDir } }: Config): Partial<GatewayParts> {
  const open = storeThread(join(stateDir, STORE_FILE), 'one boot');
  return {
    openStore: async (listener) => {
      const { store, opening } = await open(listener);
      return { store, opening: { ...opening, hubSession: { ...opening.hubSession, owner: 0 } } };
    },
  };
}

const { alter, patch } = CHANGES[process.env.OVERLOOKS ?? ''] ?? {};
if (alter === undefined && patch === undefined) throw new Error(`OVERLOOKS is none of ${Object.keys(CHANGES)}`);
await runAlteredGateway((path) => storeThread(path, 'one boot'), alter, patch);
