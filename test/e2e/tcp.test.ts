/** The way to the hub over real sockets of this machine: bytes, refusals, resets. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainSocketError, openTcp } from '../../src/io/tcp.ts';
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

async function open(limits: Partial<typeof LIMITS> = {}) {
  const listener = new Recorder();
  const { port } = server.address() as AddressInfo;
  const channel = openTcp({ host: '127.0.0.1', port, ...LIMITS, ...limits })(listener);
  expect(listener.openings).toBe(0);
  await listener.untilOpen();
  await until(() => sockets.length > 0);
  const [far] = sockets;
  if (far === undefined) throw new Error('no connection arrived');
  return { listener, channel, far };
}

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

  it('says what is still queued before it closes, and nothing afterwards', async () => {
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

  it('closes without the consent of a far end that reads nothing', async () => {
    const { channel, listener, far } = await open({ closeMsMax: 1 });
    far.pause();
    channel.write(Buffer.alloc(10_000_000));
    channel.close('stopping');
    expect(await listener.untilClosed()).toBe('stopping');
    expect(channel.queuedBytes).toBe(0);
  });

  it('gives up on a far end that takes nothing', async () => {
    const { channel, listener, far } = await open();
    far.pause();
    for (let megabyte = 0; megabyte < 64; megabyte += 1) channel.write(Buffer.alloc(1_000_000));
    expect(await listener.untilClosed()).toMatch(/takes no bytes/);
  });

  it('tells an orderly end from a reset', async () => {
    const orderly = await open();
    orderly.far.resume().end();
    expect(await orderly.listener.untilClosed()).toBe('127.0.0.1 closed the connection');
    sockets = [];
    const reset = await open();
    reset.far.resetAndDestroy();
    expect(await reset.listener.untilClosed()).toMatch(/^127\.0\.0\.1:\d+ reset the connection$/);
  });

  it('says that nothing listens, exactly once', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const listener = new Recorder();
    openTcp({ host: '127.0.0.1', port, ...LIMITS })(listener);
    expect(await listener.untilClosed()).toBe(`127.0.0.1:${port} refused the connection: nothing listens there`);
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
  ])('has words for %s, alone or as the first of several', (code, words) => {
    const error = Object.assign(new Error('odd'), { code });
    expect(explainSocketError('hub:1883', error)).toBe(words);
    expect(explainSocketError('hub:1883', new AggregateError([error], 'odd'))).toBe(words);
  });
});
