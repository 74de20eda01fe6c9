/** Every packet that a server may send (MQTT 3.1.1, table 2.1) is accepted by the reader, with the fields that were sent. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MqttPacket } from '../../../src/codec/mqtt.ts';
import { MqttReader } from '../../../src/codec/mqtt-wire.ts';

/** Packet as bytes, written without the encoder under test, and the fields that the reader must return. */
interface Sent {
  readonly bytes: Buffer;
  readonly expected: MqttPacket;
}

/** Largest topic, §1.5.3, and room for the other fields. */
const LIMITS = { packetBytesMax: 70_000, skipsLargePublish: true };
const TEXT_BYTES_MAX = 65_535;

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

/** §2.2.3: seven bits in each byte, the lowest first. */
function remainingLength(length: number): number[] {
  return length < 128 ? [length] : [(length % 128) | 0x80, ...remainingLength(Math.floor(length / 128))];
}

function packet(first: number, ...fields: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(fields);
  return Buffer.concat([Buffer.of(first, ...remainingLength(body.length)), body]);
}

function sentPublish(fields: Omit<Extract<MqttPacket, { kind: 'publish' }>, 'kind'>): Sent {
  const { topic, payload, qos, retain, dup, packetId } = fields;
  const name = Buffer.from(topic);
  const id = packetId === undefined ? Buffer.alloc(0) : uint16(packetId);
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return { bytes: packet(first, uint16(name.length), name, id, payload), expected: { kind: 'publish', ...fields } };
}

const packetId = fc.oneof(fc.constantFrom(1, 255, 256, 65_535), fc.integer({ min: 1, max: 65_535 }));

/** Characters that programs reject although the standard allows them: §1.5.3 forbids only U+0000 and surrogates. */
const rareCharacter = fc.constantFrom(
  '\uffff',
  '\ufffe',
  '\ufeff',
  '\ufffd',
  '\u0001',
  '\u007f',
  '\u009f',
  '$',
  ' ',
  '/',
);
const character = fc
  .oneof(rareCharacter, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
  .filter((text) => !/[\0+#]/.test(text));
const shortTopic = fc.array(character, { minLength: 1, maxLength: 40 }).map((characters) => characters.join(''));
const longTopic = character.map((text) => {
  const count = Math.floor(TEXT_BYTES_MAX / Buffer.byteLength(text));
  const filled = text.repeat(count);
  return filled + 'a'.repeat(TEXT_BYTES_MAX - Buffer.byteLength(filled));
});

const publish = fc
  .record({
    topic: fc.oneof({ arbitrary: shortTopic, weight: 9 }, { arbitrary: longTopic, weight: 1 }),
    payload: fc.uint8Array({ maxLength: 400 }),
    qos: fc.constantFrom(0, 1, 2),
    retain: fc.boolean(),
    isAgain: fc.boolean(),
    id: packetId,
  })
  .map(({ isAgain, id, qos, ...fields }) =>
    // [MQTT-3.3.1-2], [MQTT-2.3.1-5]: QoS 0 has neither DUP nor a packet identifier.
    sentPublish({ ...fields, qos: qos as 0 | 1 | 2, dup: qos > 0 && isAgain, packetId: qos > 0 ? id : undefined }),
  );

const acknowledgement = fc
  .record({
    type: fc.constantFrom(
      { first: 0x40, kind: 'puback' as const },
      { first: 0x50, kind: 'pubrec' as const },
      { first: 0x62, kind: 'pubrel' as const },
      { first: 0x70, kind: 'pubcomp' as const },
      { first: 0xb0, kind: 'unsuback' as const },
    ),
    packetId,
  })
  .map(({ type, packetId: id }): Sent => {
    return { bytes: packet(type.first, uint16(id)), expected: { kind: type.kind, packetId: id } };
  });

const suback = fc
  .record({
    packetId,
    returnCodes: fc.array(fc.constantFrom(0 as const, 1 as const, 2 as const, 0x80 as const), {
      minLength: 1,
      maxLength: 300,
    }),
  })
  .map((fields): Sent => {
    return {
      bytes: packet(0x90, uint16(fields.packetId), Buffer.from(fields.returnCodes)),
      expected: { kind: 'suback', ...fields },
    };
  });

const connack = fc
  .constantFrom(
    [0, 0] as const,
    [1, 0] as const,
    [0, 1] as const,
    [0, 2] as const,
    [0, 3] as const,
    [0, 4] as const,
    [0, 5] as const,
  )
  .map(([flags, returnCode]): Sent => {
    return {
      bytes: packet(0x20, Buffer.of(flags, returnCode)),
      expected: { kind: 'connack', sessionPresent: flags === 1, returnCode },
    };
  });

const pingresp = fc.constant<Sent>({ bytes: packet(0xd0), expected: { kind: 'pingresp' } });

/** Reads a stream in pieces of `pieceBytes` and compares the packets with those that were sent. */
function expectAccepted(sent: readonly Sent[], pieceBytes: number): void {
  const reader = new MqttReader(LIMITS);
  const stream = Buffer.concat(sent.map(({ bytes }) => bytes));
  const read: unknown[] = [];
  for (let at = 0; at < stream.length; at += pieceBytes)
    read.push(...reader.push(stream.subarray(at, at + pieceBytes)));
  expect(read).toEqual(sent.map(({ expected }) => ({ ok: true, value: expected })));
  expect(reader.isDead).toBe(false);
}

test('accepts every packet that a server may send, in pieces of any size', () => {
  const stream = fc.array(fc.oneof(publish, acknowledgement, suback, connack, pingresp), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(stream, fc.constantFrom(1, 2, 3, 7, 1460, 65_536, 10_000_000), (sent, pieceBytes) =>
      expectAccepted(sent, pieceBytes),
    ),
    { numRuns: 300 },
  );
});

test('accepts each packet identifier from 1 to 65535', () => {
  const sent = Array.from({ length: 65_535 }, (_, index): Sent => {
    return { bytes: packet(0x40, uint16(index + 1)), expected: { kind: 'puback', packetId: index + 1 } };
  });
  expectAccepted(sent, 65_536);
});

test.each([
  ['a wildcard in the topic', 'a/+', 1],
  ['U+0000 in the topic', 'a\0', 1],
  ['packet identifier 0', 'a', 0],
])('negative control: %s does not pass the same comparison', (_name, topic, id) => {
  const illegal = sentPublish({ topic, payload: Buffer.of(1), qos: 1, retain: false, dup: false, packetId: id });
  expect(() => expectAccepted([illegal], 1460)).toThrow();
});
