/**
 * A PUBLISH on which the reader or the client throws is reported with its packet identifier, and the connection
 * continues.
 */
import { parser } from 'mqtt-packet';
import { expect, it, onTestFinished } from 'vitest';
import { MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { FlowBench } from '../../flow/downlink-rig.ts';
import { HubBench } from './hub-rig.ts';

const POISON = 'poison';

/** Replaces a method of a prototype for one test. @param replace receives the original */
function plant<Holder extends object, Name extends keyof Holder>(
  holder: Holder,
  name: Name,
  replace: (original: Holder[Name]) => Holder[Name],
): void {
  const original = holder[name];
  holder[name] = replace(original);
  onTestFinished(() => {
    holder[name] = original;
  });
}

/** The library throws within a packet that contains the poison. */
function plantInLibrary(): void {
  const library = Object.getPrototypeOf(parser()) as ReturnType<typeof parser>;
  plant(
    library,
    'parse',
    (original) =>
      function (this: typeof library, bytes, options) {
        const length = Buffer.from(bytes).includes(POISON) ? bytes.length - 3 : bytes.length;
        const left = original.call(this, bytes.subarray(0, length), options); // Stops in the middle, as after a throw.
        if (length < bytes.length) throw new Error('planted in the library');
        return left;
      },
  );
}

/** The client throws when it handles such a packet. */
function plantInClient(): void {
  plant(
    MqttReader.prototype,
    'push',
    (original) =>
      function (this: MqttReader, bytes) {
        const packets = original.call(this, bytes);
        for (const packet of packets)
          if (packet.ok && packet.value.kind === 'publish' && Buffer.from(packet.value.payload).toString() === POISON)
            Object.defineProperty(packet.value, 'retain', {
              get: () => {
                throw new Error('planted in the client');
              },
            });
        return packets;
      },
  );
}

function publish(text: string, qos: 0 | 1 | 2, packetId: number) {
  const common = { kind: 'publish', topic: 'a/b', payload: Buffer.from(text), retain: false, dup: false } as const;
  return { ...common, qos, packetId: qos === 0 ? undefined : packetId };
}

it.each([
  ['library', plantInLibrary],
  ['client', plantInClient],
])('an exception in the %s', (where, plantBug) => {
  plantBug();
  const bench = new HubBench().online();
  for (const qos of [0, 1, 2] as const) {
    bench.receive(publish('before', 1, 6), publish(POISON, qos, 7), publish('behind', 1, 8));
    expect(bench.reports()).toMatchObject([
      { kind: 'message', packetId: 6 },
      { kind: 'failed', topic: 'a/b', qos: Math.min(qos, 1), packetId: qos === 0 ? undefined : 7 },
      { kind: 'message', packetId: 8 },
    ]);
  }
  expect([bench.asked(), bench.client.state, where]).toEqual([[], 'online', where]);
  bench.input({ kind: 'puback', packetId: 7 });
  expect(bench.sent()).toEqual([{ kind: 'pubrec', packetId: 7 }]); // The last one had QoS 2.
});

it('negative control: the same bug outside the handling of one packet is thrown to the caller', () => {
  plant(MqttReader.prototype, 'push', () => () => {
    throw new Error('planted in the reader');
  });
  expect(() => new HubBench().online()).toThrow('planted in the reader');
});

it('the message is acknowledged in the order of arrival, and shed for its subscribers', () => {
  const bench = new FlowBench().enter('pump', true, 'pump/#');
  bench.arrive(1, 'small');
  bench.flow.setAside({ topic: 'pump/set', payload: new Uint8Array(0), qos: 1 }, { dup: false, packetId: 2 });
  expect(bench.pubacks()).toEqual([]);
  bench.delivered();
  bench.commit();
  expect(bench.pubacks()).toEqual([1, 2]);
  for (const { lane } of bench.registry.all())
    expect(bench.custodian.counts(lane).shed).toEqual({ 'set aside after a fault': 1 });
});

it('an exception on one message to the hub: it is reported, and the others of the step are sent in their order', () => {
  const bench = new HubBench().online();
  const messages = [1, 2, 3].map(
    (packetId) => ({ topic: `t/${packetId}`, payload: Uint8Array.of(1), qos: 1, packetId, dup: false }) as const,
  );
  const [, second] = messages;
  Object.defineProperty(second, 'retain', {
    get: () => {
      throw new Error('planted in the encoder');
    },
  });
  bench.input({ kind: 'publish', messages });
  expect(bench.sent()).toMatchObject([{ packetId: 1 }, { packetId: 3 }]);
  expect(bench.reports()).toEqual([{ kind: 'unsendable', topic: 't/2', packetId: 2, why: 'planted in the encoder' }]);
  expect([bench.asked(), bench.client.state]).toEqual([[], 'online']);
});
