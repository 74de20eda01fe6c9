/** Ports in the network against servers that the test plays: what is refused, and what a link reports about it. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type NetworkLink, NetworkPorts } from '../../../src/io/network/network-port.ts';
import type { Channel } from '../../../src/ports.ts';

const [IAC, DONT, DO, SB, SE, COM_PORT] = [255, 254, 253, 250, 240, 44];
const CONFIRMED = [...[101, 0, 0, 37, 128], ...[102, 8], ...[103, 1], ...[104, 1]];
const answers = [CONFIRMED.slice(0, 5), CONFIRMED.slice(5, 7), CONFIRMED.slice(7, 9), CONFIRMED.slice(9)];
const CONFIRMATION = answers.flatMap((values) => [IAC, SB, COM_PORT, ...values, IAC, SE]);

async function serve(play: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    play(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

class OpenPort {
  readonly bytes: number[] = [];
  readonly speeds: number[] = [];
  readonly opened = Promise.withResolvers<void>();
  readonly closed = Promise.withResolvers<string>();
  readonly channel: Channel;
  readonly ports: NetworkPorts;
  readonly link: NetworkLink;

  /** @param openMsMax long by default: a machine with other work is slow, not wrong */
  constructor(protocol: string, port: number, openMsMax = 120_000) {
    this.ports = new NetworkPorts({ openMsMax, closeMsMax: 100, queuedBytesMax: 4096, wallMs: () => Date.now() });
    const line = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;
    this.link = { ...line, name: 'l', path: `${protocol}://127.0.0.1:${port}`, tlsCaFile: undefined };
    const open = this.ports.opener(this.link);
    if (open === undefined) throw new Error('no port in the network');
    this.channel = open({
      opened: () => this.opened.resolve(),
      bytes: (bytes) => void this.bytes.push(...bytes),
      speedSet: (baudRate) => void this.speeds.push(baudRate),
      closed: (reason) => this.closed.resolve(reason),
    });
    onTestFinished(() => this.channel.close('the test has ended'));
  }
}

/** Opens a port with a short limit, or a longer one if the machine is busy. */
async function openQuickly(port: number, openMsMax = 500): Promise<OpenPort & { readonly openMsMax: number }> {
  const one = new OpenPort('rfc2217', port, openMsMax);
  const isOpen = await Promise.race([one.opened.promise.then(() => true), one.closed.promise.then(() => false)]);
  return isOpen ? Object.assign(one, { openMsMax }) : await openQuickly(port, 4 * openMsMax);
}

describe('a port in the network', () => {
  it('is none for a port of this machine', () => {
    const ports = new NetworkPorts({ openMsMax: 1, closeMsMax: 1, queuedBytesMax: 1, wallMs: () => 0 });
    expect(ports.careOf({ name: 'l', path: '/dev/ttyUSB0' })).toBeUndefined();
  });

  it('over tcp passes bytes unchanged, and has no modem lines', async () => {
    const port = await serve((socket) => socket.on('data', (bytes) => socket.write(bytes)));
    const { channel, bytes, opened, ports, link } = new OpenPort('tcp', port);
    await opened.promise;
    channel.write(Uint8Array.from([0, 255, 13, 10]));
    await expect.poll(() => bytes).toEqual([0, 255, 13, 10]);
    await expect(ports.careOf(link)?.toggle()).rejects.toThrow('no modem lines');
    await expect(ports.careOf(link)?.reauthorise()).rejects.toThrow('not a USB adapter');
  });

  it('over rfc2217 opens when the settings are confirmed, doubles 0xFF, and changes the modem lines', async () => {
    const received: number[] = [];
    const port = await serve((socket) => {
      socket.on('data', (bytes) => void received.push(...bytes));
      socket.write(Uint8Array.from([IAC, DO, COM_PORT, ...CONFIRMATION, 7, IAC, IAC]));
    });
    const { channel, bytes, opened, ports, link } = new OpenPort('rfc2217', port);
    await opened.promise;
    await expect.poll(() => bytes).toEqual([7, 255]);
    channel.write(Uint8Array.from([1, 255, 2]));
    await expect.poll(() => received.slice(-4)).toEqual([1, IAC, IAC, 2]);
    expect(channel.lineErrors?.()).toMatchObject({ framing: 0, bufferOverruns: 0 });
    await ports.careOf(link)?.toggle();
    await expect
      .poll(() => received.slice(-14))
      .toEqual([...[IAC, SB, COM_PORT, 5, 8, IAC, SE], ...[IAC, SB, COM_PORT, 5, 11, IAC, SE]]);
  });

  it.each([
    ['refuses the option', [IAC, DONT, COM_PORT], /does not support the COM-PORT option \(RFC 2217\)/],
    [
      'has another speed',
      [IAC, DO, COM_PORT, IAC, SB, COM_PORT, 101, 0, 0, 75, 0, IAC, SE],
      /does not accept 9600 baud/,
    ],
  ])('over rfc2217 is closed with the reason if the server %s', async (_, answer, reason) => {
    const port = await serve((socket) => socket.write(Uint8Array.from(answer)));
    expect(await new OpenPort('rfc2217', port).closed.promise).toMatch(reason);
  });

  it('over rfc2217 changes its speed when the server has confirmed it, also twice', async () => {
    const port = await serve((socket) => {
      socket.write(Uint8Array.from([IAC, DO, COM_PORT, ...CONFIRMATION]));
      // the first setting of the speed is that of the opening, which is answered above
      let received = '';
      let answered = 1;
      socket.on('data', (bytes) => {
        received += bytes.toString('latin1');
        const settings = [...received.matchAll(/\xff\xfa\x2c\x01(.{4})\xff\xf0/gs)];
        for (const [, speed = ''] of settings.slice(answered))
          socket.write(Buffer.from(`\xff\xfa\x2c\x65${speed}\xff\xf0`, 'latin1'));
        answered = Math.max(answered, settings.length);
      });
    });
    const { channel, speeds, opened } = new OpenPort('rfc2217', port);
    await opened.promise;
    channel.setSpeed?.(300);
    channel.setSpeed?.(600);
    await expect.poll(() => speeds).toEqual([300]);
    channel.setSpeed?.(9600);
    await expect.poll(() => speeds).toEqual([300, 9600]);
  });

  it('over rfc2217 is closed if the server does not confirm a change of the speed in time', async () => {
    const port = await serve((socket) => socket.write(Uint8Array.from([IAC, DO, COM_PORT, ...CONFIRMATION])));
    const { openMsMax, channel, closed } = await openQuickly(port);
    channel.setSpeed?.(300);
    expect(await closed.promise).toContain(`did not confirm the change to 300 baud within ${openMsMax / 1000} s`);
  });

  it('over tcp cannot change its speed', async () => {
    const { channel, opened } = new OpenPort('tcp', await serve(() => undefined));
    await opened.promise;
    expect(channel.setSpeed).toBeUndefined();
  });

  it('over rfc2217 is closed if the server is no telnet server', async () => {
    const port = await serve((socket) => socket.write('ABC'));
    expect(await new OpenPort('rfc2217', port, 500).closed.promise).toMatch(
      /did not (confirm the settings of the port within 0.5 s|answer within 500 ms)/, // a busy machine connects late
    );
  });

  it('over tls is closed if the server speaks no TLS', async () => {
    const port = await serve((socket) => socket.end('hello'));
    expect(await new OpenPort('tls', port).closed.promise).toContain(`127.0.0.1:${port}`);
  });

  it('is closed if the server reads nothing, and more than the bound waits', async () => {
    const port = await serve((socket) => socket.pause());
    const { channel, opened, closed } = new OpenPort('tcp', port);
    await opened.promise;
    const block = new Uint8Array(3000);
    const write = (): void => {
      for (let count = 0; count < 2000; count += 1) channel.write(block);
    };
    write();
    expect(await closed.promise).toContain('does not accept bytes');
  });
});
