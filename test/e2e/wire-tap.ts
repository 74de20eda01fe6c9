/**
 * Tap between the gateway and its hub: passes bytes both ways, records the packets with their times, and can send
 * bytes of its own in place of the hub.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { MqttPacket } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';

export interface Tapped {
  /** Number of the connection, from 1. */
  readonly connection: number;
  readonly packet: MqttPacket;
  /**
   * The packet arrived after the first time and before the second, monotonic ms: this process may have been busy in
   * between.
   */
  readonly afterMs: number;
  readonly beforeMs: number;
}

/** Answers the gateway in place of the hub, for one connection. */
export type Impostor = (gateway: Socket) => void;

export interface WireTap {
  readonly port: number;
  /** Packets of the gateway, in order. */
  readonly packets: readonly Tapped[];
  /** Handlers of the next connections, one each. */
  readonly impostors: Impostor[];
  /** Closes the connection at such a packet instead of passing it on. */
  closesOn: (packet: MqttPacket) => boolean;
  close(): Promise<void>;
}

const PACKET_BYTES_MAX = 1024 * 1024;
/** Interval at which this process checks that it is awake. */
const TURN_MS = 2;

export async function openWireTap(hubPort: number): Promise<WireTap> {
  const packets: Tapped[] = [];
  const impostors: Impostor[] = [];
  const moods: Pick<WireTap, 'closesOn'> = { closesOn: () => false };
  const sockets = new Set<Socket>();
  // Bytes read in this turn of the loop arrived after the beginning of the turn before the last.
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
        if (moods.closesOn(read.value)) hub.destroy(); // This also closes the gateway's end.
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
