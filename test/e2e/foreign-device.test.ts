/** A device that is swapped on a line is not taken for the one that belongs there. */
import { expect, it } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Whoever sits at the far end of a's line, one after the other; the port notices nothing. */
class FarEnd {
  readonly #listener = new Recorder();
  readonly #send: (bytes: Uint8Array) => void;

  constructor(testbed: Testbed) {
    const channel = testbed.subdevice('a').pty.open(this.#listener);
    this.#send = (bytes) => channel.write(bytes);
  }

  async sayHello(clientId: string): Promise<void> {
    await this.#listener.untilOpen();
    const answers = this.heard('connack');
    this.send({ kind: 'connect', clean: false, will: false, clientId, durationS: 60 });
    await until(() => this.heard('connack') > answers);
  }

  async subscribe(): Promise<void> {
    this.send({ kind: 'subscribe', dup: false, qos: 1, messageId: 1, filter: { type: 'name', name: 'cmd' } });
    await until(() => this.heard('suback') > 0);
  }

  send(packet: Packet): void {
    this.#send(encodeFrame(encodePacket(packet)));
  }

  /** A delivery begins with PUBLISH, or with the REGISTER of its topic (MQTT-SN 1.2 §6.10). */
  get deliveries(): number {
    return this.heard('register') + this.heard('publish');
  }

  /** How many packets of that kind have arrived. */
  heard(kind: Packet['kind']): number {
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

it('gets nothing of what is for the right device, which gets it when it is back', async () => {
  const { testbed, line } = await openLine();
  await line.sayHello('stranger');
  const { conditions, links } = await testbed.untilStatus((status) => status.links[0]?.unlistedDevice !== null);
  expect(conditions.map(({ code }) => code)).toContain('link-foreign-device');
  expect(links[0]).toMatchObject({ unlistedDevice: { subdevice: 'stranger' }, subdevices: [] });
  testbed.command(testbed.subdevice('a'));
  await testbed.untilStatus(({ inbox }) => inbox.messages === 1);
  expect(line.deliveries).toBe(0);
  await line.sayHello('a');
  await until(() => line.deliveries > 0);
  const after = await testbed.gateway.status();
  expect(after.links[0]?.unlistedDevice).toBeNull();
});

it('would get it if it went by the line and not by the hello: the same without a swap', async () => {
  const { testbed, line } = await openLine();
  testbed.command(testbed.subdevice('a'));
  await until(() => line.deliveries > 0);
});
