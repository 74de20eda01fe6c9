/** A stored PUBLISH that MQTT 3.1.1 forbids: it ends one connection, not every connection. */
import { expect, it } from 'vitest';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { NOBODY } from '../../../../src/subdevices/registry.ts';
import { FlowBench } from '../../flow/downlink-rig.ts';
import { HubBench } from './hub-rig.ts';

/** PUBLISH of QoS 1 with this topic and payload `hi`. */
function publish(topic: readonly number[], packetId: number, first = 0x32): Uint8Array {
  const body = [0, topic.length, ...topic, packetId >> 8, packetId & 0xff, ...Buffer.from('hi')];
  return Uint8Array.from([first, body.length, ...body]);
}

/** The client closed the connection, and has a new one with the session at the hub. */
function reconnect(bench: HubBench): void {
  bench.input({ kind: 'closed', reason: 'closed by the client' });
  bench.pass((bench.client.nextAttemptAtMs ?? bench.nowMs) - bench.nowMs);
  bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
  bench.reports();
  bench.asked();
}

const WILDCARD = [...Buffer.from('a/#')];
const TOPICS: readonly (readonly [string, readonly number[]])[] = [
  ['with a wildcard [MQTT-3.3.2-2]', WILDCARD],
  ['that is empty [MQTT-4.7.3-1]', []],
  ['that is no UTF-8 [MQTT-1.5.3-1]', [0xc3, 0x28]],
  ['with U+0000 [MQTT-1.5.3-2]', [0x61, 0]],
];

it.each(TOPICS)('a topic %s ends the first connection, and is reported in the next one, in its order', (_, topic) => {
  const bench = new HubBench().online();
  bench.input({ kind: 'bytes', bytes: publish(topic, 7) });
  expect(bench.asked()).toEqual([expect.stringMatching(/^close: the hub broke the protocol/)]);
  expect(bench.reports()).toEqual([]);
  reconnect(bench);
  const around = (text: string, packetId: number): Uint8Array =>
    encodeMqtt({
      ...{ kind: 'publish', topic: 'b', payload: Buffer.from(text), qos: 1, retain: false, dup: false, packetId },
    });
  bench.input({ kind: 'bytes', bytes: Buffer.concat([around('x', 6), publish(topic, 7, 0x3a), around('y', 8)]) });
  expect(bench.asked()).toEqual([]);
  expect(bench.reports()).toMatchObject([
    { kind: 'message', packetId: 6 },
    { kind: 'invalid', qos: 1, dup: true, packetId: 7 },
    { kind: 'message', packetId: 8 },
  ]);
});

it('a problem ends one connection, for any number of messages with it; another problem ends one more', () => {
  const bench = new HubBench().online();
  bench.input({ kind: 'bytes', bytes: publish(WILDCARD, 7) });
  reconnect(bench);
  for (const [index, first] of [0x32, 0x30, 0x34].entries())
    bench.input({ kind: 'bytes', bytes: publish([...Buffer.from(`${index}/#`)], 8 + index, first) });
  expect([bench.asked(), bench.reports().map(({ kind }) => kind)]).toEqual([[], ['invalid', 'invalid', 'invalid']]);
  bench.input({ kind: 'bytes', bytes: publish([0x61, 0], 9) });
  expect(bench.asked()).toHaveLength(1);
});

it.each([
  ['whose topic is longer than the packet', [0x32, 4, 0xff, 0xff, 0x74, 0x74]],
  ['with packet identifier 0 [MQTT-2.3.1-1]', [...publish([0x74], 0)]],
  ['of QoS 3 [MQTT-3.3.1-4]', [...publish([0x74], 7, 0x36)]],
])('a PUBLISH %s cannot be acknowledged and ends each connection', (_, bytes) => {
  const bench = new HubBench().online();
  for (let connection = 0; connection < 3; connection += 1) {
    bench.input({ kind: 'bytes', bytes: Uint8Array.from(bytes) });
    expect(bench.asked()).toHaveLength(1);
    reconnect(bench);
  }
});

it('negative control: a reader without passesInvalid stops there, and reads nothing more', () => {
  const reader = new MqttReader({ packetBytesMax: 1000 });
  expect(reader.push(publish(WILDCARD, 7))).toMatchObject([{ ok: false }]);
  expect(reader.push(encodeMqtt({ kind: 'pingresp' }))).toEqual([]);
});

it('is acknowledged in the order of arrival, and counted once as shed', () => {
  const bench = new FlowBench().enter('pump', true, 'pump/#');
  const invalid = { kind: 'invalid', topic: 'pump/#', qos: 1, problem: 'wildcard', dup: false } as const;
  bench.arrive(1, 'small');
  bench.flow.invalid({ ...invalid, packetId: 2 });
  bench.flow.invalid({ ...invalid, packetId: 2, dup: true });
  expect(bench.pubacks()).toEqual([]);
  bench.delivered();
  bench.commit();
  expect(bench.pubacks()).toEqual([1, 2]);
  expect(bench.custodian.counts(NOBODY).shed).toEqual({ 'invalid message': 1 });
});
