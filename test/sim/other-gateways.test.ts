/** Where other MQTT-SN gateways are known to lose messages: each such place has a test here, by a whole gateway. */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, ID, kindsOf, publication, subscription, textsOf } from './hand-wire.ts';

const SLEEP: Packet = { kind: 'disconnect', durationS: 600 };
const WAKE: Packet = { kind: 'pingreq', clientId: ID };

async function asleep(filter: string): Promise<HandWire> {
  const wire = await HandWire.open();
  await wire.connect();
  await wire.say([subscription(filter)]);
  expect(kindsOf(await wire.say([SLEEP]))).toEqual(['disconnect']);
  return wire;
}

describe('where other gateways lose messages', () => {
  it('the topic ids given are known after a restart of the gateway', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    const [regack] = await wire.say([{ kind: 'register', topicId: 0, messageId: 1, topic: 'a/b' }]);
    await wire.restartGateway();
    await wire.connect();
    const id = regack?.kind === 'regack' ? regack.topicId : 0;
    const heard = await wire.say([publication(2, 'x', { topic: { type: 'normal', id } })]);
    expect(heard).toEqual([{ kind: 'puback', topicId: id, messageId: 2, returnCode: 0 }]);
    expect(wire.arrived).toEqual([['a/b', 'x']]);
  });

  it('a lasting session gets what came while it was away, over a restart of the gateway too', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.say([subscription('cmd/set'), { kind: 'disconnect', durationS: undefined }]);
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    await wire.restartGateway();
    wire.hubSends('cmd/set', 'two');
    wire.isAcknowledging = true;
    wire.heard();
    const heard = [...(await wire.connect()), ...(await wire.say([], 5000))];
    expect(textsOf(heard)).toEqual(['one', 'two']);
  });

  it('a topic id is told by REGISTER before it is used, after each connection', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.say([subscription('cmd/set'), { kind: 'disconnect', durationS: undefined }]);
    wire.hubSends('cmd/set', 'one');
    const heard = [...(await wire.connect()), ...(await wire.say([], 5000))];
    expect(new Set(kindsOf(heard))).toEqual(new Set(['connack', 'register']));
  });

  it('a REGISTER that is rejected is not followed by the PUBLISH', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.say([subscription('cmd/+')]);
    wire.hubSends('cmd/set', 'one');
    await wire.pass(500);
    const [register] = wire.heard();
    if (register?.kind !== 'register') throw new Error('no REGISTER');
    const heard = await wire.say([{ ...register, kind: 'regack', returnCode: 3 }], 10_000);
    expect(heard).toEqual([]);
  });

  it('the PINGRESP of a wake comes after its last PUBACK', async () => {
    const wire = await asleep('cmd/set');
    for (const text of ['one', 'two', 'three']) wire.hubSends('cmd/set', text);
    await wire.pass(5000);
    expect(wire.heard()).toEqual([]);
    expect(kindsOf(await wire.say([WAKE], 900))).toEqual(['publish']);
    wire.isAcknowledging = true;
    await wire.pass(3000); // the first is repeated, and answered now
    const heard = wire.heard();
    expect(textsOf(heard)).toEqual(['one', 'two', 'three']);
    expect(kindsOf(heard)).toEqual(['publish', 'publish', 'publish', 'pingresp']);
  });

  it('and would be seen to come too early from a gateway that ends a wake at once', async () => {
    const wire = await HandWire.open({
      patch: ({ stations }) => {
        const { inbox } = stations;
        inbox.next = () => undefined;
        inbox.endWake = () => true;
      },
    });
    await wire.connect();
    await wire.say([subscription('cmd/set'), SLEEP]);
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    expect(await wire.say([WAKE])).toEqual([{ kind: 'pingresp' }]);
  });

  it('a wake brings each message once, and not the whole backlog again', async () => {
    const wire = await asleep('cmd/set');
    wire.isAcknowledging = true;
    for (let number = 0; number < 100; number += 1) wire.hubSends('cmd/set', `${number}`);
    await wire.pass(60_000); // the hub takes its time
    const first = await wire.say([WAKE], 20_000);
    expect(textsOf(first)).toEqual(Array.from({ length: 100 }, (_, number) => `${number}`));
    expect(first.at(-1)).toEqual({ kind: 'pingresp' });
    expect(await wire.say([WAKE])).toEqual([{ kind: 'pingresp' }]);
    wire.hubSends('cmd/set', 'new');
    await wire.pass(1000);
    expect(textsOf(await wire.say([WAKE]))).toEqual(['new']);
  });

  it('what comes during a wake waits for the next one, so that a wake ends', async () => {
    const wire = await asleep('cmd/set');
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    expect(textsOf(await wire.say([WAKE], 500))).toEqual(['one']);
    wire.hubSends('cmd/set', 'two');
    await wire.pass(400);
    wire.isAcknowledging = true;
    await wire.pass(3000);
    expect(textsOf(wire.heard())).toEqual(['one']);
    expect(textsOf(await wire.say([WAKE]))).toEqual(['two']);
  });

  it('a wildcard and a sleep: the topic is registered in the wake, and the message follows', async () => {
    const wire = await asleep('cmd/+');
    wire.isAcknowledging = true;
    wire.hubSends('cmd/set', 'one');
    wire.hubSends('cmd/ask', 'two');
    await wire.pass(1000);
    const heard = await wire.say([WAKE], 3000);
    expect(kindsOf(heard)).toEqual(['register', 'publish', 'register', 'publish', 'pingresp']);
    expect(textsOf(heard)).toEqual(['one', 'two']);
  });

  it('a message of QoS 0 waits for the waking as well, within its bound', async () => {
    const wire = await asleep('cmd/set');
    for (let number = 0; number < 20; number += 1) wire.hubSends('cmd/set', `${number}`, 0);
    await wire.pass(3000);
    expect(textsOf(await wire.say([WAKE]))).toEqual(Array.from({ length: 16 }, (_, number) => `${number}`));
  });

  it('a sleep is no absence at the hub: it is not told', async () => {
    const wire = await asleep('cmd/set');
    await wire.pass(60_000);
    const identity = wire.world.config.subdevices[0]?.hubIdentity;
    if (identity === undefined) throw new Error('this hub knows subdevices');
    const { operations, registry } = wire.world.gateway?.stations ?? {};
    expect(operations?.isOnlineAtHub(identity)).toBe(true);
    await wire.pass(900_000);
    expect(registry?.byId(ID)?.isAttached).toBe(false); // one and a half sleeps of silence
    expect(operations?.isOnlineAtHub(identity)).toBe(false);
  });

  it('what a sleeper is owed outlasts a restart of the gateway, and comes when it connects', async () => {
    const wire = await asleep('cmd/set');
    wire.isAcknowledging = true;
    wire.hubSends('cmd/set', 'one');
    await wire.pass(1000);
    await wire.restartGateway();
    wire.heard();
    expect(kindsOf(await wire.say([WAKE]))).toEqual(['disconnect']);
    expect(textsOf(await wire.connect())).toEqual(['one']);
  });

  it('a DUP with the MsgId of what was acknowledged is acknowledged again and not forwarded twice', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.say([publication(5, 'x')]);
    const heard = await wire.say([publication(5, 'x', { dup: true })]);
    expect(heard).toMatchObject([{ kind: 'puback', messageId: 5, returnCode: 0 }]);
    expect(wire.arrived).toEqual([['t1', 'x']]);
  });

  // a PUBLISH has 7 octets before its payload with the short form of the Length, 9 with the long one
  it.each([254, 255, 256, 257, 258])('a packet of %i octets passes both ways', async (octets) => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.say([subscription('t1')]);
    const text = 'x'.repeat(octets - (octets > 255 ? 9 : 7));
    const heard = await wire.say([publication(1, text)]);
    expect(heard).toMatchObject([{ kind: 'puback', messageId: 1, returnCode: 0 }]);
    expect(wire.arrived).toEqual([['t1', text]]);
    wire.hubSends('t1', text);
    expect(textsOf(await wire.say([], 500))).toEqual([text]);
  });
});
