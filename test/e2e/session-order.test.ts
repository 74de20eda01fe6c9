/**
 * A clean session and at once a lasting one of the same client, and the gateway is killed: the lasting one is as
 * acknowledged.
 */
import { expect, it } from 'vitest';
import { framingOf } from '../../src/codec/framing.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import type { Channel } from '../../src/ports.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const RAW = framingOf('sn-raw');
/** CleanSession=1, client id "d". */
const CONNECT_CLEAN = '07 04 04 01 00 3c 64';
/** CleanSession=0. */
const CONNECT = '07 04 00 01 00 3c 64';
/** CONNECT with a will, and a keep alive of 2 s. */
const CONNECT_WITH_WILL = '07 04 08 01 00 02 64';
const DISCONNECT = '02 18';
const SUBSCRIBE_ONE = '08 12 20 00 01 6f 6e 65';
const SUBSCRIBE_GK = '07 12 20 00 02 67 6b';
const REGISTER_ABC = '09 0a 00 00 00 03 61 62 63';
const REGISTER_XYZ = '09 0a 00 00 00 04 78 79 7a';
const WILLTOPIC_GONE = '07 07 10 67 6f 6e 65';
const WILLMSG_LOST = '06 09 6c 6f 73 74';

/** Manual packets on the line of one subdevice. */
class Hand {
  readonly #packets: Packet[] = [];
  readonly #channel: Channel;
  #isOpen = false;

  constructor(testbed: Testbed) {
    const reader = RAW.newReader(1024);
    this.#channel = testbed.subdevice('d').pty.open({
      opened: () => {
        this.#isOpen = true;
      },
      bytes: (bytes) => {
        for (const frame of reader.push(bytes, performance.now())) {
          const packet = decodePacket(frame);
          if (packet.ok) this.#packets.push(packet.value);
        }
      },
      closed: () => undefined,
    });
  }

  async untilOpen(): Promise<void> {
    await until(() => this.#isOpen);
  }

  send(hex: string): void {
    this.#channel.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  }

  /** Next packet of that kind; earlier others are skipped. */
  async hear<Kind extends Packet['kind']>(kind: Kind): Promise<Extract<Packet, { kind: Kind }>> {
    await until(() => this.#packets.some((packet) => packet.kind === kind));
    const place = this.#packets.findIndex((packet) => packet.kind === kind);
    return this.#packets.splice(0, place + 1).at(-1) as Extract<Packet, { kind: Kind }>;
  }

  async ask<Kind extends Packet['kind']>(hex: string, kind: Kind): Promise<Extract<Packet, { kind: Kind }>> {
    this.send(hex);
    return await this.hear(kind);
  }
}

async function openLine(): Promise<{ readonly testbed: Testbed; readonly hand: Hand }> {
  const testbed = await openTestbed({ subdevices: { d: {} }, config: { link: { framing: 'sn-raw' } } });
  await testbed.gateway.start();
  await testbed.untilStatus(({ links, hub }) => links[0]?.state === 'open' && hub.state === 'connected');
  const hand = new Hand(testbed);
  await hand.untilOpen();
  return { testbed, hand };
}

async function restart(testbed: Testbed): Promise<void> {
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  await testbed.untilStatus(({ links, hub }) => links[0]?.state === 'open' && hub.state === 'connected');
}

it('keeps its subscription: messages during its absence are stored for it', async () => {
  const { testbed, hand } = await openLine();
  // Lazy changes grow older with each commit before they force one.
  for (let round = 0; round < 6; round += 1) {
    await hand.ask(CONNECT_CLEAN, 'connack');
    await hand.ask(SUBSCRIBE_ONE, 'suback');
    await hand.ask(DISCONNECT, 'disconnect');
  }
  await hand.ask(CONNECT, 'connack');
  expect(await hand.ask(SUBSCRIBE_GK, 'suback')).toMatchObject({ returnCode: 0 });
  await hand.ask(DISCONNECT, 'disconnect');
  await restart(testbed);
  await until(() => testbed.session?.subscriptions.some(({ filter }) => filter === 'gw/d/gk') === true);
  testbed.hub.publish({ topic: 'gw/d/gk', payload: Buffer.from('open'), qos: 1 });
  await until(async () => (await testbed.gateway.ledger()).totals.downlink.accepted === 1);
  expect((await testbed.gateway.ledger()).totals.downlink).toMatchObject({ pending: 1 });
  await hand.ask(CONNECT, 'connack');
  // A name of two characters needs no topic id.
  expect(Buffer.from((await hand.hear('publish')).payload).toString()).toBe('open');
});

it('keeps its will, and the topics of its ids', async () => {
  const { testbed, hand } = await openLine();
  for (let round = 0; round < 6; round += 1) {
    await hand.ask(CONNECT_CLEAN, 'connack');
    await hand.ask(REGISTER_ABC, 'regack');
    await hand.ask(DISCONNECT, 'disconnect');
  }
  await hand.ask(CONNECT_WITH_WILL, 'willtopicreq');
  await hand.ask(WILLTOPIC_GONE, 'willmsgreq');
  await hand.ask(WILLMSG_LOST, 'connack');
  const xyz = await hand.ask(REGISTER_XYZ, 'regack');
  const abc = await hand.ask(REGISTER_ABC, 'regack');
  await restart(testbed);
  await until(() => testbed.arrivals.some(({ topic }) => topic === 'gw/d/gone'));
  await hand.ask(CONNECT, 'connack');
  hand.send(`08 0c 20 ${hex16(xyz.topicId)} 00 09 31`);
  await hand.hear('puback');
  hand.send(`08 0c 20 ${hex16(abc.topicId)} 00 0a 32`);
  await hand.hear('puback');
  await until(() => testbed.arrivals.length >= 3);
  const texts = testbed.arrivals.map(({ topic, payload }) => `${topic} ${Buffer.from(payload).toString()}`);
  expect(texts).toEqual(['gw/d/gone lost', 'gw/d/xyz 1', 'gw/d/abc 2']);
});

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}
