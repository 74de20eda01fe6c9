/** Bounds for local clients: their memory and work are limited, and correct clients are still served. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionSlots } from '../../../../src/ops/api/connection-slots.ts';
import { ask, followTail } from '../../../../src/ops/api/control-client.ts';
import { Turnstile } from '../../../../src/ops/api/turnstile.ts';
import { EVERYTHING } from '../../../../src/ops/tail/tail-request.ts';
import { type Rig, until, withControl } from './control-rig.ts';

const REQUEST = 'GET /v1/status HTTP/1.1\r\nHost: holdfast\r\n\r\n';
/** More than the kernel buffers for a client that does not read. */
const LARGE_BYTES = 4 * 1024 * 1024;

class Client {
  readonly socket: Socket;
  text = '';
  isClosed = false;

  constructor({ socketPath }: Rig, words = '') {
    this.socket = connect(socketPath);
    this.socket
      .on('error', () => undefined)
      .on('close', () => {
        this.isClosed = true;
      });
    if (words !== '') this.socket.write(words);
    onTestFinished(() => void this.socket.destroy());
  }

  read(): this {
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString();
    });
    return this;
  }
}

/** @returns function for the number of reports made so far */
function countReports({ gateway }: Rig): () => number {
  const status = gateway.status.bind(gateway);
  let reports = 0;
  gateway.status = () => {
    reports += 1;
    return status();
  };
  return () => reports;
}

describe('a client that pipelines requests', () => {
  it('gets at most the first answer and is disconnected, for any number of requests', async () => {
    await withControl(async (rig) => {
      const reports = countReports(rig);
      const client = new Client(rig, REQUEST.repeat(5000)).read();
      await until(() => client.isClosed);
      expect(client.text.split('HTTP/1.1').length).toBeLessThanOrEqual(2);
      expect(reports()).toBeLessThanOrEqual(1);
      expect((await ask(rig.socketPath, '/v1/status')).kind).toBe('answered');
    });
  });

  it('is disconnected after the answer, as the answer announces', async () => {
    await withControl(async (rig) => {
      const client = new Client(rig, REQUEST).read();
      await until(() => client.isClosed);
      expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(client.text.toLowerCase()).toContain('connection: close');
    });
  });
});

describe('clients that occupy connections', () => {
  it('without a request do not block another client, even if they reconnect at once', async () => {
    await withControl(async (rig) => {
      let opened = 0;
      let isOver = false;
      const reopen = (): void => {
        if (isOver) return;
        opened += 1;
        const client = new Client(rig, 'GET /v1/sta');
        client.socket.on('close', reopen);
      };
      for (let count = 0; count < 150; count += 1) reopen();
      await until(() => opened > 150);
      for (let count = 0; count < 20; count += 1)
        expect((await ask(rig.socketPath, '/v1/status')).kind).toBe('answered');
      isOver = true;
    });
  });

  it('that do not read their answers do not block another client', async () => {
    await withControl(async (rig) => {
      rig.gateway.subdevices = () => ({ subdevices: [], padding: 'x'.repeat(LARGE_BYTES) }) as never;
      const unread = Array.from({ length: 32 }, () => new Client(rig, REQUEST.replace('status', 'subdevices')));
      await until(() => unread.every(({ socket }) => socket.readableLength > 0 || socket.bytesRead > 0));
      expect((await ask(rig.socketPath, '/v1/status')).kind).toBe('answered');
      expect((await ask(rig.socketPath, '/v1/status')).kind).toBe('answered');
    });
  });
});

it('tails whose clients do not read are closed for a new one', async () => {
  await withControl(async (rig) => {
    const stuck = Array.from({ length: 8 }, () => new Client(rig, REQUEST.replace('status', 'tail')));
    await until(() => rig.gateway.followers === 8);
    for (const { socket } of stuck) socket.pause();
    const stop = new AbortController();
    let first: unknown;
    const follow = (): void => {
      followTail(rig.socketPath, EVERYTHING, stop.signal)
        .next()
        .then(({ value }) => {
          first ??= value;
        }, follow); // the buffers of the kernel are not full yet
    };
    follow();
    await until(() => {
      rig.gateway.happen('x'.repeat(60_000));
      return first !== undefined;
    });
    expect(first).toMatchObject({ kind: 'event' });
    stop.abort();
  });
});

class Slot {
  isEvicted = false;

  destroy(): void {
    this.isEvicted = true;
  }
}

describe.each([1, 4, 32])('of %i connections', (servedMax) => {
  const fill = (count: number) => {
    const places = new ConnectionSlots({ waitingMax: 4 * servedMax, servedMax });
    const slots = Array.from({ length: count }, () => new Slot());
    for (const slot of slots) places.enter(slot);
    return { places, slots };
  };

  it('all are served, and the next is rejected', () => {
    const { places, slots } = fill(servedMax + 1);
    expect(slots.map((slot) => places.ask(slot))).toEqual([...Array(servedMax).fill('served'), 'full']);
  });

  it('the oldest waiting ones are closed if there are too many', () => {
    const { slots } = fill(4 * servedMax + 2);
    expect(slots.map(({ isEvicted }) => isEvicted)).toEqual([true, true, ...Array(4 * servedMax).fill(false)]);
  });

  it('one whose client does not read the answer is closed for the next request', () => {
    const { places, slots } = fill(servedMax + 1);
    for (const slot of slots.slice(0, servedMax)) {
      places.ask(slot);
      places.answered(slot);
    }
    expect(slots.slice(-1).map((slot) => places.ask(slot))).toEqual(['served']);
    expect(slots.map(({ isEvicted }) => isEvicted).indexOf(true)).toBe(0);
  });
});

it('negative control: unread answers block all connections if they are not reported as answered', () => {
  const places = new ConnectionSlots({ waitingMax: 8, servedMax: 4 });
  const slots = Array.from({ length: 5 }, () => new Slot());
  for (const slot of slots) places.enter(slot);
  expect(slots.map((slot) => places.ask(slot))).toEqual([...Array(4).fill('served'), 'full']);
  expect(slots.some(({ isEvicted }) => isEvicted)).toBe(false);
});

describe('the turnstile', () => {
  it('makes one answer at a time, and pauses three times its duration after each', async () => {
    let nowMs = 0;
    const pauses: number[] = [];
    const pause = async (ms: number): Promise<void> => {
      pauses.push(ms);
    };
    const turnstile = new Turnstile({ nowMs: () => nowMs, pause });
    let running = 0;
    const work = async (): Promise<void> => {
      running += 1;
      expect(running).toBe(1);
      await Promise.resolve();
      nowMs += 10;
      running -= 1;
    };
    await Promise.all([1, 2, 3].map((key) => turnstile.pass(`${key}`, work)));
    expect(pauses).toEqual([30, 30, 30]);
  });

  it('shares an answer that has not begun, but no older one', async () => {
    const turnstile = new Turnstile({ nowMs: () => 0, pause: async () => undefined });
    let made = 0;
    const work = async (): Promise<number> => {
      made += 1;
      return made;
    };
    const early = [turnstile.pass('status', work), turnstile.pass('status', work)];
    expect(await Promise.all(early)).toEqual([1, 1]);
    expect(await turnstile.pass('status', work)).toBe(2);
  });

  it('continues after a failed answer', async () => {
    const turnstile = new Turnstile({ nowMs: () => 0, pause: async () => undefined });
    await expect(turnstile.pass('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await turnstile.pass('a', () => 1)).toBe(1);
  });
});
