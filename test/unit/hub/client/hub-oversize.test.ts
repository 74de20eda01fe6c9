/**
 * A PUBLISH of the hub that is larger than the limit of the gateway: acknowledged and counted, and the connection
 * continues.
 */
import { parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { FlowBench } from '../../flow/downlink-rig.ts';
import { HubBench } from './hub-rig.ts';

describe('a PUBLISH larger than the limit of the gateway', () => {
  /** Largest value of the length field. */
  const REMAINING = 268_435_455;

  it('is reported without its payload at its end, and the next packet is read', () => {
    const bench = new HubBench().online();
    const head = [0x3b, 0xff, 0xff, 0xff, 0x7f, 0, 3, ...Buffer.from('a/b'), 0x12, 0x34];
    bench.input({ kind: 'bytes', bytes: Uint8Array.from(head) });
    const piece = new Uint8Array(1_048_576);
    let left = REMAINING - 7;
    for (; left > piece.length; left -= piece.length) bench.input({ kind: 'bytes', bytes: piece });
    expect(bench.reports()).toEqual([]);
    const behind = encodeMqtt({ kind: 'pingresp' });
    bench.input({ kind: 'bytes', bytes: Buffer.concat([piece.subarray(0, left), behind]) });
    expect(bench.reports()).toEqual([
      { kind: 'oversize', topic: 'a/b', qos: 1, packetBytes: REMAINING + 5, dup: true, packetId: 0x1234 },
      { kind: 'alive' },
    ]);
  });

  it('negative control: the library alone keeps the received part in RAM', () => {
    const library = parser();
    const head = Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]);
    const pieces = [head, ...Array.from({ length: 8 }, () => Buffer.alloc(1_048_576))];
    expect(pieces.map((piece) => library.parse(piece)).at(-1)).toBe(8 * 1_048_576);
    const reader = new MqttReader({ packetBytesMax: 1000 });
    for (const piece of pieces) reader.push(piece);
    expect(reader.heldBytes).toBeLessThan(1100);
  });

  it.each([1, 7, 64, 65_544, 70_001])('is cut off at the correct byte, in pieces of %i bytes', (size) => {
    const bench = new HubBench({ packetBytesMax: 1000 }).online();
    const one = { kind: 'publish', retain: false, dup: false } as const;
    const stream = Buffer.concat([
      encodeMqtt({ ...one, topic: 'x', payload: new Uint8Array(996 - 3), qos: 0, packetId: undefined }),
      encodeMqtt({ ...one, topic: 'y', payload: new Uint8Array(998 - 3), qos: 0, packetId: undefined }),
      encodeMqtt({ ...one, topic: 'z'.repeat(65_535), payload: Uint8Array.of(), qos: 1, packetId: 7 }),
      encodeMqtt({ ...one, topic: 'z'.repeat(65_535), payload: Uint8Array.of(1), qos: 1, packetId: 8 }),
      encodeMqtt({ ...one, topic: 'w', payload: Uint8Array.of(1), qos: 1, packetId: 9 }),
    ]);
    for (let at = 0; at < stream.length; at += size)
      bench.input({ kind: 'bytes', bytes: stream.subarray(at, at + size) });
    const reported = bench
      .reports()
      .map((report) =>
        report.kind === 'message'
          ? report.message.topic
          : report.kind === 'oversize'
            ? report.packetBytes
            : report.kind,
      );
    expect(reported).toEqual(['x', 1000 + 1, 65_535 + 8, 65_535 + 9, 'w']);
  });

  it('with an invalid topic violates the protocol, as a smaller one does', () => {
    const bench = new HubBench({ packetBytesMax: 100 }).online();
    const bytes = Buffer.concat([Uint8Array.of(0x30, 0xc8, 0x01, 0, 1), Buffer.from('+'), new Uint8Array(197)]);
    bench.input({ kind: 'bytes', bytes });
    expect(bench.asked()).toEqual([expect.stringContaining('wildcard')]);
  });
});

it('is acknowledged in its order, and shed for each subscriber', () => {
  const bench = new FlowBench().enter('pump', true, 'pump/#');
  const oversize = { kind: 'oversize', topic: 'pump/set', qos: 1, packetBytes: 400_000, dup: false } as const;
  bench.arrive(1, 'small');
  bench.flow.oversize({ ...oversize, packetId: 2 });
  bench.flow.oversize({ ...oversize, packetId: 2, dup: true });
  bench.flow.oversize({ ...oversize, qos: 0, packetId: undefined });
  expect(bench.pubacks()).toEqual([]);
  bench.delivered();
  bench.commit();
  expect(bench.pubacks()).toEqual([1, 2]);
  for (const { lane } of bench.registry.all())
    expect(bench.custodian.counts(lane).shed).toEqual({ 'too large for the gateway': 2 });
  bench.flow.oversize({ ...oversize, topic: 'nobody', packetId: 3 });
  expect(bench.pubacks()).toEqual([3]);
});
