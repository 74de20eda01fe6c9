import fc from 'fast-check';
import { generate, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { Publish } from '../../../src/codec/mqtt.ts';
import { encodePublishes, readPuback } from '../../../src/codec/mqtt-uplink.ts';
import { encodeMqtt, MqttReader, PACKET_BYTES_MAX } from '../../../src/codec/mqtt-wire.ts';

const publish: fc.Arbitrary<Publish> = fc
  .record({
    topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
    payload: fc.uint8Array({ maxLength: 20_000, size: 'max' }),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    dup: fc.boolean(),
    packetId: fc.integer({ min: 1, max: 65_535 }),
  })
  .map((fields) => ({ ...fields, kind: 'publish', packetId: fields.qos === 0 ? undefined : fields.packetId }));

/** Bytes that the library makes of the same packet. */
function byLibrary({ topic, payload, qos, retain, dup, packetId }: Publish): Buffer {
  const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup } as const;
  return generate(packetId === undefined ? packet : { ...packet, messageId: packetId });
}

describe('the packets of an uplink', () => {
  it('PUBLISH packets have the bytes that the library makes of them', () => {
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 5 }), (packets) => {
        expect(Buffer.from(encodePublishes(packets))).toEqual(Buffer.concat(packets.map(byLibrary)));
      }),
    );
  });

  it.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
    'a PUBLISH with a remaining length of %i has the bytes that the library makes of it',
    (length) => {
      const payload = new Uint8Array(length - 5);
      const packet: Publish = { kind: 'publish', topic: 't', payload, qos: 1, retain: false, dup: false, packetId: 9 };
      expect(Buffer.compare(encodePublishes([packet]), byLibrary(packet))).toBe(0);
    },
  );

  it.each([
    ['an empty topic', { topic: '' }],
    ['a topic of 65,536 bytes', { topic: 'a'.repeat(65_536) }],
    ['the packet identifier 0', { packetId: 0 }],
    ['no packet identifier', { packetId: undefined }],
  ])('a PUBLISH with %s is refused', (_, wrong) => {
    const packet = {
      kind: 'publish',
      topic: 't',
      payload: new Uint8Array(1),
      qos: 1,
      retain: false,
      dup: false,
    } as const;
    expect(() => encodePublishes([{ ...packet, packetId: 1, ...wrong }])).toThrow(RangeError);
  });

  it('a PUBACK is read as the library reads it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), (packetId) => {
        const bytes = encodeMqtt({ kind: 'puback', packetId });
        let read: unknown;
        parser()
          .on('packet', ({ cmd, messageId }) => {
            read = { kind: cmd, packetId: messageId };
          })
          .parse(Buffer.from(bytes));
        const [packet] = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX }).push(bytes);
        expect(packet).toEqual({ ok: true, value: read });
      }),
    );
  });

  it('no other packet is taken for a PUBACK', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 4 }), (first, body) => {
        fc.pre(first !== 0x40 || body.length < 2);
        expect(readPuback({ first, body, bytes: body, isOversize: false, skippedBytes: 0 })).toBeUndefined();
      }),
    );
  });
});
