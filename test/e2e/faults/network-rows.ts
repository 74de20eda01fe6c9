/** Faults of ports behind device servers in the network. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { findPort } from '../any-broker.ts';
import type { FaultRow } from './fault-row.ts';
import { openScene } from './fault-scene.ts';
import { mqttsnLink } from './subdevice-lines.ts';

/** Parties that have nothing to do with a device server. */
const OTHERS = [/log of the hub/, /client_id/, /SD card/, /group/, /Plug the adapter/, /is in use/];
const [IAC, DONT, DO, WILL, COM_PORT, SUPPRESS_GO_AHEAD] = [255, 254, 253, 251, 44, 3];

/** Server that a test plays. @returns its port */
async function playServer(play: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy());
    play(socket.on('error', () => undefined).resume());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const sceneAt = async (path: string) => (await openScene({ links: mqttsnLink('field', path, 'a') })).connect();

export const NETWORK_ROWS: readonly FaultRow[] = [
  {
    area: 'ports',
    name: 'A device server does not listen on the port',
    inject: async () => sceneAt(`tcp://127.0.0.1:${await findPort()}`),
    status: {
      losing: 'Not yet',
      condition: 'link-down',
      says: ['refused the connection', 'settings of the device server'],
    },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['refused the connection'] },
    neverSays: OTHERS,
  },
  {
    area: 'ports',
    name: 'The name of a device server does not exist',
    inject: () => sceneAt('tcp://device-server.invalid:4001'),
    status: { losing: 'Not yet', condition: 'link-down', says: ['not found by name', 'getent hosts'] },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['not found by name'] },
    neverSays: OTHERS,
  },
  {
    area: 'ports',
    name: 'A device server ends each connection',
    inject: async () => sceneAt(`tcp://127.0.0.1:${await playServer((socket) => socket.end())}`),
    status: {
      losing: 'Not yet',
      condition: 'link-down',
      says: ['closed the connection', 'given the port to another client'],
    },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['closed the connection'] },
    neverSays: OTHERS,
  },
  {
    area: 'ports',
    name: 'A device server speaks telnet, and path is tcp://',
    inject: async () => {
      const greeting = Uint8Array.from([IAC, WILL, SUPPRESS_GO_AHEAD, IAC, DO, COM_PORT]);
      return sceneAt(`tcp://127.0.0.1:${await playServer((socket) => socket.write(greeting))}`);
    },
    status: { losing: 'Not yet', condition: 'link-other-protocol', says: ['speaks telnet', 'path = "rfc2217://'] },
    doctor: { finding: 'link.line:field', verdict: 'fail', says: ['speaks telnet', 'rfc2217://'] },
    neverSays: OTHERS,
  },
  {
    area: 'ports',
    name: 'A device server passes raw bytes, and path is rfc2217://',
    isLong: true,
    delayedMs: 10_000,
    inject: async () => sceneAt(`rfc2217://127.0.0.1:${await playServer((socket) => socket.write('21.5 C\r\n'))}`),
    status: {
      losing: 'Not yet',
      condition: 'link-down',
      says: ['did not confirm the settings', 'or write tcp:// in path'],
    },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['did not confirm the settings'] },
    neverSays: OTHERS,
  },
  {
    area: 'ports',
    name: 'A device server has no RFC 2217',
    inject: async () => {
      const port = await playServer((socket) => socket.write(Uint8Array.from([IAC, DONT, COM_PORT])));
      return sceneAt(`rfc2217://127.0.0.1:${port}`);
    },
    status: { losing: 'Not yet', condition: 'link-down', says: ['RFC 2217', 'tcp://'] },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['RFC 2217'] },
    neverSays: OTHERS,
  },
];
