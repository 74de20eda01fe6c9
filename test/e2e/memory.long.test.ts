/**
 * Hostile peers on every side, in the memory that the unit allows: nothing is lost, and the process is not killed.
 */
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { encodeMqtt } from '../../src/codec/mqtt-wire.ts';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import { openCage, peakBytes } from './memory-cage.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const CAGED = fileURLToPath(new URL('./gateway-in-memory-cgroup.ts', import.meta.url));
/** A tenth below the limit of the unit. */
const PEAK_BYTES_MAX = 230 * 1024 * 1024;
const REQUESTS = 'GET /v1/metrics HTTP/1.1\r\nHost: holdfast\r\n\r\n'.repeat(5000);
const CONNACK = encodeMqtt({ kind: 'connack', sessionPresent: true, returnCode: 0 });
/** SUBACK with a remaining length of 268,435,455, PUBLISH with one of 31,457,280 (MQTT 3.1.1 §2.2.3). */
const GIANTS = ['90ffffff7f', '308080800f'].map((hex) => Buffer.from(hex, 'hex'));
/** Beginning of an oversized packet without its rest. */
const FILLING = Buffer.alloc(1024 * 1024, 0x61);
const NOISE_BYTES = 3_000_000;

/**
 * A number of connections, each sending 5,000 requests at once. None reads before its last byte is accepted: a socket
 * that never reads would not detect the end of its connection either.
 */
async function pipeline(testbed: Testbed, connections: number): Promise<void> {
  let closed = 0;
  const attack = (): void => {
    const socket = connect(testbed.socketPath);
    socket
      .on('error', () => undefined)
      .on('close', () => {
        closed += 1;
        if (closed + 32 <= connections) attack();
      });
    socket.pause();
    socket.write(REQUESTS, () => socket.resume());
  };
  for (let count = 0; count < 32; count += 1) attack();
  await until(() => closed >= connections);
}

/** The hub announces each oversized packet repeatedly, and continues to send until the gateway closes. */
async function announce(testbed: Testbed, times: number): Promise<void> {
  let left = 0;
  const impostorWith = (giant: Uint8Array) => (gateway: Socket) => {
    const send = (): void => {
      while (!gateway.destroyed && gateway.write(FILLING));
    };
    gateway.once('data', () => {
      gateway.write(CONNACK);
      gateway.write(giant, send);
    });
    gateway.on('drain', send).on('close', () => {
      left += 1;
    });
    gateway.resume();
  };
  for (let count = 0; count < times; count += 1) testbed.tap.impostors.push(...GIANTS.map(impostorWith));
  testbed.hub.setFault({ kind: 'dropConnections' });
  await until(() => left === times * GIANTS.length);
}

/** Noise, truncated frames, and good frames without a connection, at the speed of the line. */
async function babble(testbed: Testbed): Promise<void> {
  const random = seededRandom(5);
  const line = new Recorder();
  const channel = testbed.subdevice('c').pty.open(line);
  await line.untilOpen();
  const noise = Uint8Array.from({ length: 40_000 }, () => Math.floor(random() * 256));
  const publish = encodeFrame(
    encodePacket({
      ...{ kind: 'publish', dup: false, qos: 0, retain: false, messageId: 0 },
      ...{ topic: { type: 'short', name: 'fl' }, payload: new Uint8Array(200) },
    }),
  );
  const connects = Array.from({ length: 500 }, (_, index) =>
    encodeFrame(encodePacket({ kind: 'connect', clean: true, will: false, clientId: `x${index}`, durationS: 60 })),
  );
  const chunk = Buffer.concat([noise, ...connects, ...Array.from({ length: 200 }, () => publish)]);
  for (let sent = 0; sent < NOISE_BYTES; sent += chunk.length) {
    await until(() => channel.queuedBytes === 0);
    channel.write(chunk);
  }
  await until(() => channel.queuedBytes === 0);
  channel.close('done');
  await line.untilClosed();
}

it('pipelined requests, oversized packets from the hub and a noisy line leave the process below its limit', async () => {
  const cage = openCage();
  const testbed = await openTestbed({
    subdevices: { a: {}, b: {}, c: {} },
    isTapped: true,
    program: CAGED,
    ...(cage === undefined ? {} : { env: { HOLDFAST_TEST_CAGE: cage } }),
  });
  await testbed.gateway.start();
  const served = ['a', 'b'].map((id) => testbed.subdevice(id));
  for (const subdevice of served) testbed.enter(subdevice);
  await until(() => testbed.session?.subscriptions.length === 2);
  const { pid = 0 } = testbed.gateway;
  const peaks = [peakBytes(pid)];
  for (const attack of [() => pipeline(testbed, 200), () => announce(testbed, 3), () => babble(testbed)]) {
    for (const subdevice of served) for (let count = 0; count < 10; count += 1) subdevice.publish('t');
    await attack();
    await testbed.untilAcknowledged();
    peaks.push(peakBytes(pid));
  }
  await testbed.expectNothingLost();
  expect(peaks.at(-1)).toBeLessThan(PEAK_BYTES_MAX);
  expect(testbed.gateway.pid).toBe(pid);
});
