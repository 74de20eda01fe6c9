import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../../src/codec/mqttsn-packets.ts';
import { RawReader } from '../../../src/codec/mqttsn-raw.ts';
import { createMqttsnLink } from '../../../src/driver/mqttsn/link.ts';
import { PACKETS } from '../base/vectors.ts';
import { CONNECT, LINK_OPTIONS, publish } from '../driver/mqttsn/mqttsn-bench.ts';

const ALL = PACKETS.map(([, , golden]) => golden);
const ONE = encodePacket(publish(1));
const TWO = encodePacket(publish(2));

/** Packets that the reader returns for `chunks` that arrive 1 ms apart. */
function read(...chunks: readonly Uint8Array[]): Uint8Array[] {
  const reader = new RawReader(1024);
  return chunks.flatMap((chunk, index) => reader.push(chunk, index));
}

function withPayload(bytes: number): Uint8Array {
  return encodePacket(publish(1, { payload: new Uint8Array(bytes).fill(0x55) }));
}

describe('bare packets', () => {
  it('of every type are read, for any split of the bytes', () => {
    const stream = Buffer.concat(ALL);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const ends = [...cuts, stream.length].toSorted((left, right) => left - right);
        const chunks = ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
        expect(read(...chunks).map((packet) => [...packet])).toEqual(ALL.map((packet) => [...packet]));
      }),
    );
  });

  it.each([248, 249, 250, 251])('with %i octets of payload keep their length, short or long', (bytes) => {
    const packet = withPayload(bytes);
    expect(packet.length).toBe(bytes + (bytes > 248 ? 9 : 7));
    expect(read(packet, TWO)).toEqual([packet, TWO]);
  });

  it('of the largest size are accepted, and one octet more is dropped', () => {
    const reader = new RawReader(300);
    expect(reader.push(withPayload(291), 0)).toHaveLength(1);
    expect(reader.push(withPayload(292).fill(0, 9), 1)).toEqual([]);
    expect(reader.oversizeFrames).toBeGreaterThan(0);
    expect(reader.push(TWO, 500)).toEqual([TWO]);
  });

  it('are found byte by byte after noise', () => {
    expect(read(Uint8Array.of(0x00, 0xff, 0xff, 0x41, 0xfd, 0x03), ONE)).toEqual([ONE]);
  });

  it.each([
    ['a reserved type', [3, 0x03, 0]],
    ['a Length that is invalid for its type', [9, 0x16 + 1, 0, 0, 0, 0, 0, 0, 0]],
    ['a Length of 0', [0, 0x0c]],
    ['an invalid protocol id', [7, 0x04, 0x04, 0x07, 0, 60, 0x61]],
    ['a forwarder within a forwarder', [4, 0xfe, 0, 1, 4, 0xfe, 0, 2, 2, 0x16]],
  ])('are not found in %s', (_, bytes) => {
    expect(read(Uint8Array.from(bytes), ONE).at(-1)).toEqual(ONE);
  });

  it('that are cut off by a pause of 100 ms are dropped, and the next packet is read whole', () => {
    const reader = new RawReader(1024);
    expect(reader.push(ONE.subarray(0, 5), 0)).toEqual([]);
    expect(reader.push(TWO, 100)).toEqual([TWO]);
    expect(reader.crcErrors).toBe(1);
  });

  it('that arrive slowly, but without such a pause, are read', () => {
    const reader = new RawReader(1024);
    const found = [...ONE].flatMap((octet, index) => reader.push(Uint8Array.of(octet), index * 99));
    expect(found).toEqual([ONE]);
  });

  it('are dropped if the line is opened again before their end', () => {
    const reader = new RawReader(1024);
    reader.push(ONE.subarray(0, 5), 0);
    reader.reset();
    expect(reader.push(TWO, 1)).toEqual([TWO]);
  });

  it('are copied into memory of their own', () => {
    const chunk = new Uint8Array(ONE);
    const [packet] = new RawReader(1024).push(chunk, 0);
    chunk.fill(0);
    expect(packet).toEqual(ONE);
  });

  it('are read again after any noise and a pause, without a throw and with at most the maximum held', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }), (noise) => {
        const reader = new RawReader(256);
        for (const chunk of noise) {
          reader.push(chunk, 0);
          expect(reader.heldBytes).toBeLessThanOrEqual(reader.heldBytesMax);
        }
        // Noise can look like a packet with a text that MQTT forbids: such a packet comes before the other one.
        const read = reader.push(ONE, 100);
        expect(read.at(-1)).toEqual(ONE);
        expect(read.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 1000 },
    );
  });

  it('lose at most their neighbours to a flipped bit if there are pauses between bursts', () => {
    const random = seededRandom(5);
    let lost = 0;
    const runs = 500;
    for (let run = 0; run < runs; run += 1) {
      const reader = new RawReader(256);
      const burst: Packet[] = Array.from({ length: 10 }, (_, index) => publish(index + 1));
      const bytes = Buffer.concat(burst.map(encodePacket));
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      lost += 10 - Math.min(10, reader.push(bytes, 0).length);
      expect(reader.push(ONE, 1000)).toEqual([ONE]);
    }
    expect(lost / runs).toBeLessThan(2);
  });
});

describe('a bare packet with a text that MQTT forbids', () => {
  const register = (topic: string, topicId = 0) => encodePacket({ kind: 'register', topicId, messageId: 1, topic });

  it.each(['a\u0001b', 'a\0b', 'a\udcff'])('is a packet if the line is silent after it: %j', (topic) => {
    const broken: string[] = [];
    const reader = new RawReader(1024, (reason) => broken.push(reason));
    const packet = register(topic);
    expect(reader.push(packet, 0)).toEqual([]);
    expect(reader.wakeAtMs()).toBe(100);
    expect(reader.push(new Uint8Array(0), 100)).toEqual([packet]);
    expect(broken).toEqual([]);
    expect(reader.push(ONE, 101)).toEqual([ONE]);
  });

  it('is noise if bytes follow at once, if a text line may precede a packet, or if its PUBLISH may be damaged', () => {
    for (const [packet, next] of [
      [register('a\0b'), ONE],
      [register('a\u0001b', 0x0703), Uint8Array.of()],
      [encodePacket(publish(1, { topic: { type: 'short', name: 'a\udcff' } })), Uint8Array.of()],
    ] as const) {
      const broken: string[] = [];
      const reader = new RawReader(1024, (reason) => broken.push(reason));
      expect([...reader.push(Buffer.concat([packet, next]), 0), ...reader.push(new Uint8Array(0), 100)]).toEqual(
        next.length === 0 ? [] : [next],
      );
      expect(broken).toEqual(['noise']);
    }
  });
});

describe('a link with bare packets', () => {
  it('accepts a CONNECT and answers with a CONNACK, without frames', () => {
    const link = createMqttsnLink({ ...LINK_OPTIONS, framing: 'sn-raw' });
    link.handle({ kind: 'start' }, 0);
    link.handle({ kind: 'opened' }, 0);
    const actions = link.handle({ kind: 'bytes', bytes: encodePacket(CONNECT) }, 1);
    expect(actions).toMatchObject([{ kind: 'attach', subdevice: 'pump-7' }]);
    const answer = { accepted: true, topicIds: new Map<number, string>() } as const;
    expect(link.handle({ kind: 'attached', subdevice: 'pump-7', answer }, 2)).toEqual([
      { kind: 'write', bytes: encodePacket({ kind: 'connack', returnCode: 0 }) },
    ]);
  });

  it.each(['rst cause:2, boot mode:(3,6)\r\n', 'boot\n', 'Temp:\t23\r\n', 'ready.\n', '\0\xff~\t'])(
    'accepts a CONNECT after the boot text %j, twice, and sends no DISCONNECT',
    (text) => {
      const link = createMqttsnLink({ ...LINK_OPTIONS, framing: 'sn-raw' });
      const connect = encodePacket({ ...CONNECT, durationS: 60 });
      link.handle({ kind: 'start' }, 0);
      link.handle({ kind: 'opened' }, 0);
      const actions = [
        ...link.handle({ kind: 'bytes', bytes: Buffer.concat([Buffer.from(text, 'latin1'), connect]) }, 1),
        ...link.handle({ kind: 'wake' }, 101),
        ...link.handle({ kind: 'bytes', bytes: connect }, 200),
        ...link.handle({ kind: 'wake' }, 10_000),
      ];
      const others = actions.filter(({ kind }) => kind !== 'discarded');
      expect(others).toMatchObject([{ kind: 'attach', subdevice: 'pump-7' }]);
    },
  );
});
