/** Known defects of other MQTT-SN gateways that lose messages, each tested with a whole gateway. */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, ID, kindsOf, publication, subscription, textsOf } from './hand-wire.ts';

const SLEEP: Packet = { kind: 'disconnect', durationS: 600 };
const WAKE: Packet = { kind: 'pingreq', clientId: ID };

async function asleep(filter: string): Promise<HandWire> {
  const wire = await HandWire.open();
  await wire.connect();
  await wire.send([subscription(filter)]);
  expect(kindsOf(await wire.send([SLEEP]))).toEqual(['disconnect']);
  return wire;
}

describe('a known defect of other gateways', () => {
  it('topic ids are known after a restart of the gateway', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    const [regack] = await wire.send([{ kind: 'register', topicId: 0, messageId: 1, topic: 'a/b' }]);
    await wire.restartGateway();
    await wire.connect();
    const id = regack?.kind === 'regack' ? regack.topicId : 0;
    const heard = await wire.send([publication(2, 'x', { topic: { type: 'normal', id } })]);
    expect(heard).toEqual([{ kind: 'puback', topicId: id, messageId: 2, returnCode: 0 }]);
    expect(wire.arrived).toEqual([['a/b', 'x']]);
  });

  it('a lasting session gets the messages of its absence, also after a restart of the gateway', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.send([subscription('cmd/set'), { kind: 'disconnect', durationS: undefined }]);
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    await wire.restartGateway();
    wire.hubSends('cmd/set', 'two');
    wire.isAcknowledging = true;
    wire.received();
    const heard = [...(await wire.connect()), ...(await wire.send([], 5000))];
    expect(textsOf(heard)).toEqual(['one', 'two']);
  });

  it('a topic id is sent in REGISTER before its use in each connection', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.send([subscription('cmd/set'), { kind: 'disconnect', durationS: undefined }]);
    wire.hubSends('cmd/set', 'one');
    const heard = [...(await wire.connect()), ...(await wire.send([], 5000))];
    expect(new Set(kindsOf(heard))).toEqual(new Set(['connack', 'register']));
  });

  it('a REGISTER that is rejected is not followed by the PUBLISH', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.send([subscription('cmd/+')]);
    wire.hubSends('cmd/set', 'one');
    await wire.pass(500);
    const [register] = wire.received();
    if (register?.kind !== 'register') throw new Error('no REGISTER');
    const heard = await wire.send([{ ...register, kind: 'regack', returnCode: 3 }], 10_000);
    expect(heard).toEqual([]);
  });

  it('the PINGRESP after a wake is sent after the last PUBACK', async () => {
    const wire = await asleep('cmd/set');
    for (const text of ['one', 'two', 'three']) wire.hubSends('cmd/set', text);
    await wire.pass(5000);
    expect(wire.received()).toEqual([]);
    expect(kindsOf(await wire.send([WAKE], 900))).toEqual(['publish']);
    wire.isAcknowledging = true;
    await wire.pass(3000); // the first one is repeated, and answered now
    const heard = wire.received();
    expect(textsOf(heard)).toEqual(['one', 'two', 'three']);
    expect(kindsOf(heard)).toEqual(['publish', 'publish', 'publish', 'pingresp']);
  });

  it('negative control: it is sent too early by a gateway that ends a wake at once', async () => {
    const wire = await HandWire.open({
      patch: ({ stations }) => {
        const { inbox } = stations;
        inbox.next = () => undefined;
        inbox.endWake = () => true;
      },
    });
    await wire.connect();
    await wire.send([subscription('cmd/set'), SLEEP]);
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    expect(await wire.send([WAKE])).toEqual([{ kind: 'pingresp' }]);
  });

  it('a wake delivers each message once, and not the whole backlog again', async () => {
    const wire = await asleep('cmd/set');
    wire.isAcknowledging = true;
    for (let number = 0; number < 100; number += 1) wire.hubSends('cmd/set', `${number}`);
    await wire.pass(60_000); // time for the hub
    const first = await wire.send([WAKE], 20_000);
    expect(textsOf(first)).toEqual(Array.from({ length: 100 }, (_, number) => `${number}`));
    expect(first.at(-1)).toEqual({ kind: 'pingresp' });
    expect(await wire.send([WAKE])).toEqual([{ kind: 'pingresp' }]);
    wire.hubSends('cmd/set', 'new');
    await wire.pass(1000);
    expect(textsOf(await wire.send([WAKE]))).toEqual(['new']);
  });

  it('messages that arrive during a wake wait for the next one, so that a wake ends', async () => {
    const wire = await asleep('cmd/set');
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    expect(textsOf(await wire.send([WAKE], 500))).toEqual(['one']);
    wire.hubSends('cmd/set', 'two');
    await wire.pass(400);
    wire.isAcknowledging = true;
    await wire.pass(3000);
    expect(textsOf(wire.received())).toEqual(['one']);
    expect(textsOf(await wire.send([WAKE]))).toEqual(['two']);
  });

  it('a wildcard and a sleep: the topic is registered in the wake, and the message follows', async () => {
    const wire = await asleep('cmd/+');
    wire.isAcknowledging = true;
    wire.hubSends('cmd/set', 'one');
    wire.hubSends('cmd/ask', 'two');
    await wire.pass(1000);
    const heard = await wire.send([WAKE], 3000);
    expect(kindsOf(heard)).toEqual(['register', 'publish', 'register', 'publish', 'pingresp']);
    expect(textsOf(heard)).toEqual(['one', 'two']);
  });

  it('a message with QoS 0 waits for the wake too, within its bound', async () => {
    const wire = await asleep('cmd/set');
    for (let number = 0; number < 20; number += 1) wire.hubSends('cmd/set', `${number}`, 0);
    await wire.pass(3000);
    expect(textsOf(await wire.send([WAKE]))).toEqual(Array.from({ length: 16 }, (_, number) => `${number}`));
  });

  it('a sleep is not reported as an absence to the hub', async () => {
    const wire = await asleep('cmd/set');
    await wire.pass(60_000);
    const identity = wire.world.config.subdevices[0]?.hubIdentity;
    if (identity === undefined) throw new Error('this hub knows subdevices');
    const { operations, registry } = wire.world.gateway?.stations ?? {};
    expect(operations?.isOnlineAtHub(identity)).toBe(true);
    await wire.pass(900_000);
    expect(registry?.byId(ID)?.isAttached).toBe(false); // 1.5 sleep durations without a packet
    expect(operations?.isOnlineAtHub(identity)).toBe(false);
  });

  it('messages for a sleeping subdevice survive a restart of the gateway, and are delivered when it connects', async () => {
    const wire = await asleep('cmd/set');
    wire.isAcknowledging = true;
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    await wire.restartGateway();
    wire.received();
    expect(kindsOf(await wire.send([WAKE]))).toEqual(['disconnect']);
    expect(textsOf(await wire.connect())).toEqual(['one']);
  });

  it('a DUP with the MsgId of an acknowledged message is acknowledged again and not forwarded twice', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.send([publication(5, 'x')]);
    const heard = await wire.send([publication(5, 'x', { dup: true })]);
    expect(heard).toMatchObject([{ kind: 'puback', messageId: 5, returnCode: 0 }]);
    expect(wire.arrived).toEqual([['t1', 'x']]);
  });

  // a PUBLISH has 7 octets before its payload with the short form of the Length, 9 with the long one
  it.each([254, 255, 256, 257, 258])('a packet of %i octets is passed on in both directions', async (octets) => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.send([subscription('t1')]);
    const text = 'x'.repeat(octets - (octets > 255 ? 9 : 7));
    const heard = await wire.send([publication(1, text)]);
    expect(heard).toMatchObject([{ kind: 'puback', messageId: 1, returnCode: 0 }]);
    expect(wire.arrived).toEqual([['t1', text]]);
    wire.hubSends('t1', text);
    expect(textsOf(await wire.send([], 500))).toEqual([text]);
  });
});
