/** A device that was swapped on a line is not treated as the configured one. */
import { expect, it } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Devices at the end of the line of a, one after the other; the port detects no change. */
class FarEnd {
  readonly #listener = new Recorder();
  readonly #send: (bytes: Uint8Array) => void;

  constructor(testbed: Testbed) {
    const channel = testbed.subdevice('a').pty.open(this.#listener);
    this.#send = (bytes) => channel.write(bytes);
  }

  async sayHello(clientId: string): Promise<void> {
    await this.#listener.untilOpen();
    const answers = this.received('connack');
    this.send({ kind: 'connect', clean: false, will: false, clientId, durationS: 60 });
    await until(() => this.received('connack') > answers);
  }

  async subscribe(): Promise<void> {
    this.send({ kind: 'subscribe', dup: false, qos: 1, messageId: 1, filter: { type: 'name', name: 'cmd' } });
    await until(() => this.received('suback') > 0);
  }

  send(packet: Packet): void {
    this.#send(encodeFrame(encodePacket(packet)));
  }

  /** A delivery begins with PUBLISH, or with the REGISTER of its topic (MQTT-SN 1.2 §6.10). */
  get deliveries(): number {
    return this.received('register') + this.received('publish');
  }

  /** Number of received packets of that kind. */
  received(kind: Packet['kind']): number {
    const packets = new FrameReader(1024).push(this.#listener.received).map(decodePacket);
    return packets.filter((packet) => packet.ok && packet.value.kind === kind).length;
  }
}

async function openLine(): Promise<{ readonly testbed: Testbed; readonly line: FarEnd }> {
  const testbed = await openTestbed();
  await testbed.gateway.start();
  await testbed.untilStatus(({ links }) => links[0]?.state === 'open');
  const line = new FarEnd(testbed);
  await line.sayHello('a');
  await line.subscribe();
  await until(() => testbed.session?.subscriptions.length === 1);
  return { testbed, line };
}

it('receives nothing of the configured device, which receives it when it is back', async () => {
  const { testbed, line } = await openLine();
  await line.sayHello('otherDevice');
  const { conditions, links } = await testbed.untilStatus((status) => status.links[0]?.unlistedDevice !== null);
  expect(conditions.map(({ code }) => code)).toContain('link-foreign-device');
  expect(links[0]).toMatchObject({ unlistedDevice: { subdevice: 'otherDevice' }, subdevices: [] });
  testbed.command(testbed.subdevice('a'));
  await testbed.untilStatus(({ inbox }) => inbox.messages === 1);
  expect(line.deliveries).toBe(0);
  await line.sayHello('a');
  await until(() => line.deliveries > 0);
  const after = await testbed.gateway.status();
  expect(after.links[0]?.unlistedDevice).toBeNull();
});

it('negative control: receives it without a CONNECT of its own, since the line alone does not identify it', async () => {
  const { testbed, line } = await openLine();
  testbed.command(testbed.subdevice('a'));
  await until(() => line.deliveries > 0);
});
