/** The bench hub on real TCP and HTTP: messages in both directions, stop and start on the same port, the HTTP interface. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startApplicationSide } from '../../../../src/bench/hub/application.ts';
import { GENERIC } from '../../../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../../../src/bench/hub/server.ts';
import type { MqttPacket } from '../../../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { systemClock } from '../../../../src/io/clock.ts';

const DEADLINE_MS = 120_000;

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startHub(): Promise<BenchHub> {
  const hub = await startBenchHub({ port: 0, rules: GENERIC, clock: systemClock() });
  closing.push(() => hub.stop());
  return hub;
}

/** Minimal MQTT client that collects the packets it receives. */
class Client {
  readonly received: MqttPacket[] = [];
  isClosed = false;
  readonly #socket: Socket;
  #changed: () => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    closing.push(() => this.#socket.destroy());
    const reader = new MqttReader({ packetBytesMax: 65_536 });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.isClosed = true;
      this.#changed();
    });
    this.#socket.on('data', (bytes) => {
      for (const read of reader.push(bytes)) if (read.ok) this.received.push(read.value);
      this.#changed();
    });
  }

  send(...packets: MqttPacket[]): void {
    for (const packet of packets) this.#socket.write(encodeMqtt(packet));
  }

  /** Connects with a lasting session and waits for CONNACK. */
  async connect(clientId: string): Promise<MqttPacket | undefined> {
    this.send({
      kind: 'connect',
      clientId,
      cleanSession: false,
      keepAliveS: 0,
      username: undefined,
      password: undefined,
      will: undefined,
    });
    await this.until(() => this.received.length > 0);
    return this.received[0];
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`still waiting; got ${JSON.stringify(this.received)}`)),
        DEADLINE_MS,
      );
      this.#changed = () => {
        if (!holds()) return;
        clearTimeout(deadline);
        resolve();
      };
      this.#changed();
    });
  }
}

function event(packetId: number): MqttPacket {
  return {
    kind: 'publish',
    topic: 'p/d/event',
    payload: new Uint8Array([packetId]),
    qos: 1,
    retain: false,
    dup: false,
    packetId,
  };
}

const SUBSCRIBE: MqttPacket = { kind: 'subscribe', packetId: 1, subscriptions: [{ filter: 'p/d/control', qos: 1 }] };

describe('the bench hub on TCP', () => {
  it('receives uplinks and delivers downlinks', async () => {
    const hub = await startHub();
    const arrived: string[] = [];
    hub.onArrived(({ topic }) => arrived.push(topic));
    const client = new Client(hub.port);
    await client.connect('gw');
    client.send(SUBSCRIBE, event(2));
    await client.until(() => client.received.some(({ kind }) => kind === 'puback'));
    hub.publish({ topic: 'p/d/control', payload: new Uint8Array([1]), qos: 1 });
    await client.until(() => client.received.some(({ kind }) => kind === 'publish'));
    expect(arrived).toEqual(['p/d/event']);
    expect(client.received.map(({ kind }) => kind)).toEqual(['connack', 'suback', 'puback', 'publish']);
  });

  it('stops and starts on the same port, with its sessions and the messages stored meanwhile', async () => {
    const hub = await startHub();
    const first = new Client(hub.port);
    await first.connect('gw');
    first.send(SUBSCRIBE);
    await first.until(() => first.received.length === 2);
    const { port } = hub;
    await hub.stop();
    await first.until(() => first.isClosed);
    hub.publish({ topic: 'p/d/control', payload: new Uint8Array(), qos: 1 });
    expect(hub.stored('gw')).toBe(1);
    await hub.listen();
    expect(hub.port).toBe(port);
    const second = new Client(port);
    expect(await second.connect('gw')).toMatchObject({ kind: 'connack', sessionPresent: true });
    await second.until(() => second.received.length === 2);
    expect(second.received[1]).toMatchObject({ kind: 'publish', topic: 'p/d/control' });
  });

  it('closes only after the client can have read a rejection', async () => {
    const hub = await startBenchHub({ port: 0, rules: { ...GENERIC, credentials: new Map() }, clock: systemClock() });
    closing.push(() => hub.stop());
    const client = new Client(hub.port);
    expect(await client.connect('gw')).toMatchObject({ kind: 'connack', returnCode: 3 });
    await client.until(() => client.isClosed);
  });

  it('wakes for its timers: a delayed answer is sent without further input', async () => {
    const hub = await startHub();
    hub.setFault({ kind: 'set', faults: { sendDelayMs: 20 } });
    const client = new Client(hub.port);
    expect(await client.connect('gw')).toMatchObject({ kind: 'connack', returnCode: 0 });
  });

  it('rejects a publish on an invalid topic', async () => {
    const hub = await startHub();
    expect(() => hub.publish({ topic: 'p/+/control', payload: new Uint8Array(), qos: 1 })).toThrow('MQTT-3.3.2-2');
  });
});

describe('the application side over HTTP', () => {
  async function startBoth(): Promise<{ hub: BenchHub; ask: (path: string, body?: unknown) => Promise<Response> }> {
    const hub = await startHub();
    const side = await startApplicationSide(hub, 0);
    closing.push(() => side.stop());
    const ask = (path: string, body?: unknown): Promise<Response> =>
      fetch(
        `http://127.0.0.1:${side.port}${path}`,
        body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
      );
    return { hub, ask };
  }

  it('publishes text and base64, and shows arrivals and sessions', async () => {
    const { hub, ask } = await startBoth();
    const client = new Client(hub.port);
    await client.connect('gw');
    client.send(SUBSCRIBE, event(2), event(3));
    await client.until(() => client.received.length === 4);
    expect((await ask('/publish', { topic: 'p/d/control', text: 'hi' })).status).toBe(200);
    expect((await ask('/publish', { topic: 'p/d/control', payload: 'AAE=', qos: 0 })).status).toBe(200);
    await client.until(() => client.received.length === 6);
    expect(client.received.slice(4)).toMatchObject([
      { payload: new TextEncoder().encode('hi'), qos: 1 },
      { payload: new Uint8Array([0, 1]), qos: 0 },
    ]);
    expect(await (await ask('/arrived?since=1')).json()).toEqual({
      first: 1,
      last: 2,
      arrivals: [{ number: 2, clientId: 'gw', topic: 'p/d/event', payload: 'Aw==', qos: 1, dup: false }],
    });
    expect(await (await ask('/sessions')).json()).toMatchObject([{ clientId: 'gw', isConnected: true, inFlight: 1 }]);
  });

  it('shows the unacknowledged and stored messages of a client', async () => {
    const { hub, ask } = await startBoth();
    const client = new Client(hub.port);
    await client.connect('gw');
    client.send(SUBSCRIBE);
    await client.until(() => client.received.length === 2);
    await ask('/publish', { topic: 'p/d/control', text: 'sent' });
    await client.until(() => client.received.length === 3);
    await hub.stop();
    await ask('/publish', { topic: 'p/d/control', text: 'kept' });
    const message = { topic: 'p/d/control', qos: 1 };
    expect(await (await ask('/stored?client=gw')).json()).toEqual({
      inFlight: [{ ...message, payload: 'c2VudA==' }],
      stored: [{ ...message, payload: 'a2VwdA==' }],
    });
    expect((await ask('/stored?client=unknown')).status).toBe(404);
  });

  it('executes platform commands, and returns their result codes', async () => {
    const { ask } = await startBoth();
    const gateway = { product: 'GP', device: 'gd' };
    const subdevice = { product: 'SP', device: 'one' };
    for (const [command, result] of [
      [{ kind: 'register', device: subdevice, secret: 'c2VjcmV0' }, 0],
      [{ kind: 'bind', gateway, subdevice }, 0],
      [{ kind: 'bind', gateway, subdevice }, 809],
      [{ kind: 'unbind', subdevice }, 0],
      [{ kind: 'unbind', subdevice }, -1],
    ] as const) {
      expect(await (await ask('/platform', command)).json()).toEqual({ result });
    }
  });

  it('executes fault commands', async () => {
    const { hub, ask } = await startBoth();
    const client = new Client(hub.port);
    await client.connect('gw');
    expect((await ask('/fault', { kind: 'dropConnections' })).status).toBe(200);
    await client.until(() => client.isClosed);
  });

  it('rejects an invalid request with the reason', async () => {
    const { ask } = await startBoth();
    for (const [path, body] of [
      ['/publish', { topic: 'a/#', text: '' }],
      ['/publish', { text: 'no topic' }],
      ['/publish', 'no object'],
      ['/fault', { kind: 'an unknown path' }],
      ['/platform', { kind: 'bind', gateway: 'GP' }],
      ['/fault', { kind: 'set', faults: { reach: 'sideways' } }],
      ['/arrived?since=-1', undefined],
    ] as const) {
      const response = await ask(path, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ problem: expect.stringMatching(/./) });
    }
    expect((await ask('/nowhere')).status).toBe(404);
  });
});
