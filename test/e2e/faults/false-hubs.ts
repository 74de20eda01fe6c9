/** Servers in the place of the hub that misbehave, on real TCP. All are closed at the end of the test. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { MqttReader } from '../../../src/codec/mqtt-wire.ts';
import { HOST, standUp } from '../tls-rig.ts';

/** Server that calls `serve` for each connection. @returns its port */
export async function serveTcp(serve: (socket: Socket) => void): Promise<number> {
  return await standUp(
    createServer((socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    }),
  );
}

/** @returns a port on which nothing listens */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, HOST), 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Server that sends a text on connection (`greets`) or after the first bytes of the client (`answers`). */
export async function serveWords(when: 'greets' | 'answers', words: string): Promise<number> {
  return await serveTcp((socket) => {
    if (when === 'greets') socket.write(words);
    else socket.once('data', () => socket.end(words));
  });
}

/** Broker that answers each CONNECT with this return code and closes. */
export async function serveConnack(returnCode: number): Promise<number> {
  return await serveTcp((socket) => {
    const reader = new MqttReader({ packetBytesMax: 1024 });
    socket.on('data', (bytes) => {
      for (const packet of reader.push(bytes))
        if (packet.ok && packet.value.kind === 'connect') socket.end(Buffer.of(0x20, 2, 0, returnCode));
    });
  });
}

/**
 * Path on which segments of more than `bytesMax` bytes are lost, as with a smaller MTU and a firewall that drops the
 * ICMP messages: TCP sends a lost segment again and again, so nothing after it arrives.
 */
export async function serveNarrowPath(port: number, bytesMax: number): Promise<number> {
  return await serveTcp((client) => {
    const hub = connect(port, HOST).on('error', () => client.destroy());
    client.on('close', () => hub.destroy());
    for (const [from, to] of [
      [client, hub],
      [hub, client],
    ] as const) {
      let isLost = false;
      from.on('data', (bytes: Buffer) => {
        isLost ||= bytes.length > bytesMax;
        if (!isLost) to.write(bytes);
      });
    }
  });
}

/** Program that listens with a full queue and accepts nothing, so that the kernel drops each SYN. */
const FULL_QUEUE = `
const server = require('node:net').createServer().listen({ port: 0, host: '${HOST}', backlog: 1 }, () => {
  require('node:fs').writeSync(1, server.address().port + '\\n');
  process.kill(process.pid, 'SIGSTOP');
});`;

/** @returns a port to which every SYN is lost */
export async function openBlackHole(): Promise<number> {
  const child = spawn(process.execPath, ['-e', FULL_QUEUE], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  for (let count = 0; count < 8; count += 1) {
    const filler = connect(port, HOST).on('error', () => undefined);
    onTestFinished(() => void filler.destroy());
  }
  return port;
}

/** Answer of a name server: `unknown`: NXDOMAIN; `silent`: none; otherwise the address after a delay, ms. */
export type NameServerManner = 'unknown' | 'silent' | { readonly afterMs: number };

/** Loopback address of the name server of the tests; a resolver asks port 53 only, so it needs root. */
const NAME_SERVER = `127.${1 + (process.pid % 250)}.53.53`;

/** Name server on UDP (RFC 1035 §4.1). @returns the address for `resolv.conf` */
export async function serveNames(manner: NameServerManner): Promise<string> {
  const server = createSocket('udp4', (query, { port, address }) => {
    if (manner === 'silent') return;
    const name = query.subarray(12, query.indexOf(0, 12) + 5);
    const isIpv4 = name.at(-3) === 1;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    const answers = manner === 'unknown' || !isIpv4 ? 0 : 1;
    head.writeUInt16BE(manner === 'unknown' ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(answers, 6);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    const reply = Buffer.concat([head, name, ...(answers === 0 ? [] : [record])]);
    const timer = setTimeout(
      () => server.send(reply, port, address, () => undefined),
      manner === 'unknown' ? 0 : manner.afterMs,
    );
    timer.unref();
  });
  server.bind(53, NAME_SERVER);
  await once(server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return NAME_SERVER;
}
