import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Decoded } from '../../../src/base/decoded.ts';
import { filterProblem, topicProblem } from '../../../src/base/topic.ts';
import type { Connect, MqttPacket, MqttQos } from '../../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../../src/codec/mqtt-wire.ts';

const LIMITS = { packetBytesMax: 64 * 1024 };

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function readAll(bytes: Uint8Array): Decoded<MqttPacket>[] {
  return new MqttReader(LIMITS).push(bytes);
}

const text = new TextEncoder();

const CONNECT: Connect = {
  kind: 'connect',
  clientId: 'ABCDEFGHIJgw-01',
  cleanSession: false,
  keepAliveS: 240,
  username: undefined,
  password: undefined,
  will: undefined,
};

describe('golden bytes', () => {
  const golden: [string, string, MqttPacket][] = [
    [
      'CONNECT with the variable header of figure 3.6',
      '10 1a 0004 4d515454 04 ce 000a 0001 63 0001 77 0001 6d 0001 75 0002 7077',
      {
        kind: 'connect',
        clientId: 'c',
        cleanSession: true,
        keepAliveS: 10,
        username: 'u',
        password: text.encode('pw'),
        will: { topic: 'w', payload: text.encode('m'), qos: 1, retain: false },
      },
    ],
    ['CONNACK with session present (§3.2)', '20 02 01 00', { kind: 'connack', sessionPresent: true, returnCode: 0 }],
    [
      'PUBLISH with the variable header of figure 3.11',
      '32 07 0003 612f62 000a',
      publish({ topic: 'a/b', payload: new Uint8Array(0), qos: 1, packetId: 10 }),
    ],
    [
      'PUBLISH to the topic of figure 1.2, which holds a character outside the basic plane',
      '30 08 0005 41 f0aa9b94 21',
      publish({ topic: 'A\u{2A6D4}', payload: text.encode('!'), qos: 0, packetId: undefined }),
    ],
    ['PUBACK (§3.4)', '40 02 000a', { kind: 'puback', packetId: 10 }],
    ['PUBREC (§3.5)', '50 02 000a', { kind: 'pubrec', packetId: 10 }],
    ['PUBREL (§3.6)', '62 02 000a', { kind: 'pubrel', packetId: 10 }],
    ['PUBCOMP (§3.7)', '70 02 000a', { kind: 'pubcomp', packetId: 10 }],
    [
      'SUBSCRIBE with the payload of figure 3.23',
      '82 0e 000a 0003 612f62 01 0003 632f64 02',
      {
        kind: 'subscribe',
        packetId: 10,
        subscriptions: [
          { filter: 'a/b', qos: 1 },
          { filter: 'c/d', qos: 2 },
        ],
      },
    ],
    [
      'SUBACK with the payload of figure 3.27',
      '90 05 000a 00 02 80',
      { kind: 'suback', packetId: 10, returnCodes: [0, 2, 0x80] },
    ],
    [
      'UNSUBSCRIBE with the payload of figure 3.31',
      'a2 0c 000a 0003 612f62 0003 632f64',
      { kind: 'unsubscribe', packetId: 10, filters: ['a/b', 'c/d'] },
    ],
    ['UNSUBACK (§3.11)', 'b0 02 000a', { kind: 'unsuback', packetId: 10 }],
    ['PINGREQ (§3.12)', 'c0 00', { kind: 'pingreq' }],
    ['PINGRESP (§3.13)', 'd0 00', { kind: 'pingresp' }],
    ['DISCONNECT (§3.14)', 'e0 00', { kind: 'disconnect' }],
  ];

  test.each(golden)('the decoder reads %s', (_name, hex, packet) => {
    expect(readAll(bytesOf(hex))).toEqual([{ ok: true, value: packet }]);
  });

  test.each(golden)('the encoder writes %s', (_name, hex, packet) => {
    expect(hexOf(encodeMqtt(packet))).toBe(hexOf(bytesOf(hex)));
  });

  test.each([
    [127, '7f'],
    [128, '8001'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
  ])('a remaining length of %i is encoded as %s (table 2.4)', (length, hex) => {
    const packet = publish({ topic: 't', payload: new Uint8Array(length - 3), qos: 0, packetId: undefined });
    const bytes = encodeMqtt(packet);
    expect(hexOf(bytes.subarray(1, bytes.length - length))).toBe(hex);
    expect(readAll(bytes)).toEqual([{ ok: true, value: packet }]);
  });
});

describe('for all bytes and packets', () => {
  it('the decoder reads what the encoder wrote, for any split of the bytes', () => {
    fc.assert(
      fc.property(fc.array(anyPacket(), { minLength: 1, maxLength: 5 }), fc.array(fc.nat(200)), (packets, cuts) => {
        const wire = Buffer.concat(packets.map((packet) => encodeMqtt(packet)));
        const read = pushInPieces(new MqttReader(LIMITS), wire, cuts);
        expect(read).toEqual(packets.map((value) => ({ ok: true, value })));
      }),
    );
  });

  it('the decoder never throws, stops at the first problem, and holds at most one packet of the largest size', () => {
    fc.assert(
      fc.property(damagedWire(), fc.array(fc.nat(50)), (wire, cuts) => {
        const reader = new MqttReader({ packetBytesMax: 64 });
        const read = pushInPieces(reader, wire, cuts);
        expect(reader.heldBytes).toBeLessThanOrEqual(64);
        expect(read.findIndex(({ ok }) => !ok)).toBe(reader.isDead ? read.length - 1 : -1);
      }),
      { numRuns: 2000 },
    );
  });

  it('the decoder reads the same packets from the same bytes, for any split', () => {
    fc.assert(
      fc.property(damagedWire(), fc.array(fc.nat(20)), (wire, cuts) => {
        expect(pushInPieces(new MqttReader(LIMITS), wire, cuts)).toEqual(readAll(wire));
      }),
      { numRuns: 1000 },
    );
  });
});

function publish(fields: {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: MqttQos;
  readonly packetId: number | undefined;
}): MqttPacket {
  return { kind: 'publish', retain: false, dup: false, ...fields };
}

/** Pushes pieces of the given lengths, then the rest. */
function pushInPieces(reader: MqttReader, wire: Uint8Array, cuts: readonly number[]): Decoded<MqttPacket>[] {
  const read: Decoded<MqttPacket>[] = [];
  let rest = wire;
  for (const cut of cuts) {
    read.push(...reader.push(rest.subarray(0, cut)));
    rest = rest.subarray(cut);
  }
  return [...read, ...reader.push(rest)];
}

function anyPacket(): fc.Arbitrary<MqttPacket> {
  const packetId = fc.integer({ min: 1, max: 65_535 });
  const qos = fc.constantFrom<MqttQos>(0, 1, 2);
  const topic = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .filter((it) => topicProblem(it) === undefined);
  const filter = fc
    .oneof(topic, fc.constantFrom('#', '+', 'a/+/b', 'a/#', '$x/+'))
    .filter((it) => filterProblem(it) === undefined);
  const payload = fc.uint8Array({ maxLength: 300 });
  const free = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((it) => !it.includes('\0') && it.isWellFormed());
  const will = fc.record({ topic, payload, qos, retain: fc.boolean() });
  return fc.oneof(
    fc.tuple(qos, fc.boolean(), packetId, topic, payload, fc.boolean()).map(
      ([q, dup, id, to, bytes, retain]): MqttPacket => ({
        kind: 'publish',
        topic: to,
        payload: bytes,
        qos: q,
        retain,
        dup: q !== 0 && dup,
        packetId: q === 0 ? undefined : id,
      }),
    ),
    fc
      .tuple(
        free,
        fc.boolean(),
        fc.nat(65_535),
        fc.option(free, { nil: undefined }),
        fc.option(payload, { nil: undefined }),
        fc.option(will, { nil: undefined }),
      )
      .map(
        ([clientId, isClean, keepAliveS, username, password, last]): MqttPacket => ({
          ...CONNECT,
          clientId,
          cleanSession: clientId === '' || isClean,
          keepAliveS,
          username,
          will: last,
          password: username === undefined ? undefined : password,
        }),
      ),
    fc.constantFrom<MqttPacket>(
      { kind: 'pingreq' },
      { kind: 'pingresp' },
      { kind: 'disconnect' },
      { kind: 'connack', sessionPresent: true, returnCode: 0 },
      { kind: 'connack', sessionPresent: false, returnCode: 5 },
    ),
    fc.record({ kind: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp', 'unsuback'), packetId }),
    fc.record({
      kind: fc.constant('subscribe'),
      packetId,
      subscriptions: fc.array(fc.record({ filter, qos }), { minLength: 1, maxLength: 30 }),
    }),
    fc.record({
      kind: fc.constant('suback'),
      packetId,
      returnCodes: fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1 }),
    }),
    fc.record({
      kind: fc.constant('unsubscribe'),
      packetId,
      filters: fc.array(filter, { minLength: 1, maxLength: 30 }),
    }),
  ) as fc.Arbitrary<MqttPacket>;
}

/** Random bytes, or packets with a few wrong bytes: the latter reach more of the decoder. */
function damagedWire(): fc.Arbitrary<Uint8Array> {
  const damaged = fc
    .tuple(
      fc.array(anyPacket(), { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 3 }),
    )
    .map(([packets, damages]) => {
      const wire = new Uint8Array(Buffer.concat(packets.map((packet) => encodeMqtt(packet))));
      for (const [at, byte] of damages) wire.set([byte], at % wire.length);
      return wire;
    });
  return fc.oneof(damaged, fc.uint8Array({ maxLength: 100 }));
}
