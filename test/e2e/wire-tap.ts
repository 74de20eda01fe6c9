/**
 * A tap on the wire between the gateway and its hub: passes bytes both ways, remembers the packets with the moments they
 * came, and can put bytes of its own in the hub's place.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { MqttPacket } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';

export interface Tapped {
  /** From 1, in the order of the connections. */
  readonly connection: number;
  readonly packet: MqttPacket;
  /** It came after this moment and before that one, monotonic ms: this process may have been busy in between. */
  readonly afterMs: number;
  readonly beforeMs: number;
}

/** Speaks to the gateway instead of the hub, for one connection. */
export type Impostor = (gateway: Socket) => void;

export interface WireTap {
  readonly port: number;
  /** What the gateway sent, in order. */
  readonly packets: readonly Tapped[];
  /** The next connections are served by these, one each. */
  readonly impostors: Impostor[];
  /** Closes the connection upon such a packet instead of passing it on. */
  closesOn: (packet: MqttPacket) => boolean;
  close(): Promise<void>;
}

const PACKET_BYTES_MAX = 1024 * 1024;
/** How often this process makes sure that it is awake. */
const TURN_MS = 2;

export async function openWireTap(hubPort: number): Promise<WireTap> {
  const packets: Tapped[] = [];
  const impostors: Impostor[] = [];
  const moods: Pick<WireTap, 'closesOn'> = { closesOn: () => false };
  const sockets = new Set<Socket>();
  // Bytes read in this turn of the loop came after the last turn but one had begun.
  const turns = { lastMs: performance.now(), lastButOneMs: performance.now() };
  const turning = setInterval(() => {
    turns.lastButOneMs = turns.lastMs;
    turns.lastMs = performance.now();
  }, TURN_MS);
  let connection = 0;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer({ noDelay: true }, (gateway) => {
    keep(gateway);
    connection += 1;
    const number = connection;
    const impostor = impostors.shift();
    if (impostor !== undefined) return impostor(gateway);
    const hub = connect({ port: hubPort, host: '127.0.0.1', noDelay: true });
    keep(hub);
    const reader = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
    gateway.on('data', (bytes) => {
      for (const read of reader.push(bytes)) {
        if (!read.ok) throw new Error(`the gateway broke the protocol: ${read.problem}`);
        const moments = { afterMs: turns.lastButOneMs, beforeMs: performance.now() };
        packets.push({ connection: number, packet: read.value, ...moments });
        if (moods.closesOn(read.value)) hub.destroy(); // and with it the gateway's end
      }
    });
    gateway.pipe(hub);
    hub.pipe(gateway);
    gateway.on('close', () => hub.destroy());
    hub.on('close', () => gateway.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return Object.assign(moods, {
    port: address.port,
    packets,
    impostors,
    close: () => {
      clearInterval(turning);
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
