/**
 * Peer: mosquitto with a bridge to the hub, as gateways are often built. Publishers connect by TCP, and mosquitto
 * acknowledges from RAM: it is no durable store. Absent if mosquitto is not installed.
 */

import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CountingHub, HOST } from '../hub/counting-hub.ts';
import { mqttRing } from '../load/frames.ts';
import { Load } from '../load/load.ts';
import { closeRawTcp, connectRawTcp } from '../load/raw-tcp.ts';
import { until } from '../load/until.ts';
import { ChildRelay, startChild } from './child-relay.ts';
import { type Relay, topicAtHub } from './relay.ts';

/** Debian installs the daemon outside the PATH of a user. */
const PLACES = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

export function mosquittoPath(): string | undefined {
  return PLACES.map((place) => join(place, 'mosquitto')).find((path) => existsSync(path));
}

export async function openMosquitto({
  stateRoot,
  links,
}: {
  readonly stateRoot: string;
  readonly links: number;
}): Promise<Relay> {
  const program = mosquittoPath();
  if (program === undefined) throw new Error('mosquitto is not installed');
  const folder = mkdtempSync(join(stateRoot, 'holdfast-bench-mosquitto-'));
  const hub = new CountingHub();
  await hub.open();
  const port = await freePort();
  const configPath = join(folder, 'mosquitto.conf');
  writeFileSync(configPath, configText(port, hub.port));
  const child = startChild(program, ['-c', configPath], { stderr: 'ignore' });
  await until(() => hub.isConnected, 'mosquitto is connected to the hub');
  const fds = Array.from({ length: links }, () => connectRawTcp(port));
  for (const index of fds.keys()) hub.countTopic(topicAtHub(index));
  const load = new Load(
    fds.map((fd, index) => ({
      fd,
      protocol: { kind: 'mqtt', clientId: `s${index}` },
      ring: mqttRing(topicAtHub(index)),
    })),
  );
  load.command('connect');
  await load.untilConnected();
  return new ChildRelay({ hub, load, child, folder, end: () => fds.forEach(closeRawTcp) });
}

function configText(port: number, hubPort: number): string {
  const lines = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'log_dest none',
    'persistence false',
    'max_queued_messages 0',
    `listener ${port} ${HOST}`,
    'allow_anonymous true',
    'connection hub',
    `address ${HOST}:${hubPort}`,
    'topic # out 1',
    'bridge_protocol_version mqttv311',
    'cleansession false',
    'try_private false',
    'notifications false',
    'restart_timeout 1',
  ];
  return `${lines.join('\n')}\n`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
