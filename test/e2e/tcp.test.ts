/** The connection to the hub over real sockets of this machine: bytes, rejections, resets. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainSocketError, openTcp, peerOf } from '../../src/io/tcp.ts';
import { Recorder, until } from './recorder.ts';

const LIMITS = { openMsMax: 10_000, closeMsMax: 10_000 };

let server: Server;
let sockets: Socket[] = [];
beforeEach(async () => {
  sockets = [];
  server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function open(limits: Partial<Parameters<typeof openTcp>[0]> = {}, listener = new Recorder()) {
  const { port } = server.address() as AddressInfo;
  const channel = openTcp({ host: '127.0.0.1', port, ...LIMITS, ...limits })(listener);
  expect(listener.openings).toBe(0);
  await listener.untilOpen();
  await until(() => sockets.length > 0);
  const [far] = sockets;
  if (far === undefined) throw new Error('no connection arrived');
  return { listener, channel, far };
}

/** Records the largest number of bytes within one turn of the event loop. */
class TurnRecorder extends Recorder {
  mostBytes = 0;
  #bytes = 0;

  override bytes(bytes: Uint8Array): void {
    if (this.#bytes === 0)
      setImmediate(() => {
        this.#bytes = 0;
      });
    this.#bytes += bytes.length;
    this.mostBytes = Math.max(this.mostBytes, this.#bytes);
    super.bytes(bytes);
  }
}

/**
 * Peer that has sent a flood before the first byte is read. @returns largest number of bytes passed on in one turn
 */
async function flood(turnBytes?: number): Promise<number> {
  const sent = randomBytes(FLOOD_BYTES);
  const { channel, listener, far } = await open(turnBytes === undefined ? {} : { turnBytes }, new TurnRecorder());
  channel.setReading?.(false);
  await new Promise((resolve) => far.write(sent, resolve));
  channel.setReading?.(true);
  expect((await listener.untilReceived(sent.length)).equals(sent)).toBe(true);
  return (listener as TurnRecorder).mostBytes;
}

/** Bytes that the kernel keeps for a reader that does not read (tcp_rmem). */
const FLOOD_BYTES = 100_000;
/** Two pieces: one from the poll of the sockets, and one after it. */
const TURN_BYTES_MAX = 2 * 4096;

describe('a peer that floods', () => {
  it('has two reads of a tty handled in a turn, so that every line has its turn', async () => {
    expect(await flood()).toBeLessThanOrEqual(TURN_BYTES_MAX);
  });

  it('negative control: has everything handled at once without the budget', async () => {
    expect(await flood(Number.POSITIVE_INFINITY)).toBeGreaterThan(TURN_BYTES_MAX);
  });

  it('waits while nothing is read, without a limit, and is still detected as dead when it resets', async () => {
    const { channel, listener, far } = await open();
    channel.setReading?.(false);
    far.write(Buffer.alloc(50_000_000));
    await until(() => far.writableLength > 0);
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(listener.received.length).toBeLessThanOrEqual(65_536);
    channel.setReading?.(true);
    await listener.untilReceived(1_000_000);
    channel.setReading?.(false);
    far.resetAndDestroy();
    channel.setReading?.(true);
    expect(await listener.untilClosed()).toMatch(/reset the connection|closed the connection/);
  });

  it('has its last bytes passed on before its end', async () => {
    const { listener, far } = await open();
    far.resume().end(randomBytes(FLOOD_BYTES));
    expect(await listener.untilClosed()).toMatch(/^127\.0\.0\.1:\d+ closed the connection$/);
    expect(listener.received).toHaveLength(FLOOD_BYTES);
  });

  it('that has ended is closed once, also while its last bytes are handled', async () => {
    const { listener, channel, far } = await open();
    const handOn = listener.bytes.bind(listener);
    listener.bytes = (bytes) => {
      handOn(bytes);
      if (listener.received.length > FLOOD_BYTES - 20_000) channel.close('enough');
    };
    far.resume().end(randomBytes(FLOOD_BYTES));
    expect(await listener.untilClosed()).toBe('enough');
  });

  it('is not waited for while the channel closes', async () => {
    const { channel, listener, far } = await open({ closeMsMax: 600_000 });
    const flooding = (): void => {
      while (!far.destroyed && far.write(Buffer.alloc(65_536)));
    };
    far.on('drain', flooding);
    flooding();
    await listener.untilReceived(1);
    channel.close('enough');
    expect(await listener.untilClosed()).toBe('enough');
  });
});

describe('a TCP channel', () => {
  it('sends the small writes of one tick together', async () => {
    const { channel, far } = await open();
    const first = once(far, 'data');
    for (let byte = 0; byte < 100; byte += 1) channel.write(Uint8Array.of(byte));
    const [chunk] = await first;
    expect(chunk).toHaveLength(100);
  });

  it('carries a megabyte both ways, in order', async () => {
    const { channel, listener, far } = await open();
    const bytes = randomBytes(1_000_000);
    far.pipe(far);
    channel.write(bytes);
    expect((await listener.untilReceived(bytes.length)).equals(bytes)).toBe(true);
    expect(channel.queuedBytes).toBe(0);
  });

  it('sends the queued bytes before it closes, and nothing afterwards', async () => {
    const { channel, listener, far } = await open();
    const chunks: Buffer[] = [];
    far.on('data', (chunk) => chunks.push(chunk));
    channel.write(Buffer.from('goodbye'));
    channel.close('stopping');
    channel.close('stopping again');
    channel.write(Buffer.from('too late'));
    expect(listener.reasons).toEqual([]);
    expect(await listener.untilClosed()).toBe('stopping');
    await until(() => far.readableEnded);
    expect(Buffer.concat(chunks).toString()).toBe('goodbye');
  });

  it('closes even if the peer reads nothing', async () => {
    const { channel, listener, far } = await open({ closeMsMax: 1 });
    far.pause();
    channel.write(Buffer.alloc(10_000_000));
    channel.close('stopping');
    expect(await listener.untilClosed()).toBe('stopping');
    expect(channel.queuedBytes).toBe(0);
  });

  it('closes if the peer does not accept the bytes in time', async () => {
    const { channel, listener, far } = await open();
    far.pause();
    for (let megabyte = 0; megabyte < 64; megabyte += 1) channel.write(Buffer.alloc(1_000_000));
    expect(await listener.untilClosed()).toMatch(/does not accept bytes/);
  });

  it('is named with its port, and an IPv6 address with brackets', () => {
    expect(peerOf({ host: 'hub.example.net', port: 1883 })).toBe('hub.example.net:1883');
    expect(peerOf({ host: 'fe80::1%eth0', port: 4001, via: ' through a proxy' })).toBe(
      '[fe80::1%eth0]:4001 through a proxy',
    );
  });

  it('distinguishes an orderly end from a reset', async () => {
    const orderly = await open();
    orderly.far.resume().end();
    expect(await orderly.listener.untilClosed()).toMatch(/^127\.0\.0\.1:\d+ closed the connection$/);
    sockets = [];
    const reset = await open();
    reset.far.resetAndDestroy();
    expect(await reset.listener.untilClosed()).toMatch(/^127\.0\.0\.1:\d+ reset the connection$/);
  });

  it('reports that nothing listens, exactly once', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const listener = new Recorder();
    openTcp({ host: '127.0.0.1', port, ...LIMITS })(listener);
    expect(await listener.untilClosed()).toBe(
      `127.0.0.1:${port} refused the connection: no program listens on the port, or a firewall rejects it`,
    );
    expect(listener.openings).toBe(0);
  });

  it('reports a close that comes before the connection', async () => {
    const { port } = server.address() as AddressInfo;
    const listener = new Recorder();
    openTcp({ host: '127.0.0.1', port, ...LIMITS })(listener).close('changed my mind');
    expect(listener.reasons).toEqual([]);
    expect(await listener.untilClosed()).toBe('changed my mind');
    expect(listener.openings).toBe(0);
  });

  it.each([
    ['ENOTFOUND', 'hub:1883 was not found by name'],
    ['EHOSTUNREACH', 'hub:1883 cannot be reached: no route to the host'],
    ['ETIMEDOUT', 'hub:1883 timed out'],
    ['ENEW', 'hub:1883 failed: odd'],
  ])('has a text for %s, alone or as the first of several', (code, words) => {
    const error = Object.assign(new Error('odd'), { code });
    expect(explainSocketError('hub:1883', error)).toBe(words);
    expect(explainSocketError('hub:1883', new AggregateError([error], 'odd'))).toBe(words);
  });
});
