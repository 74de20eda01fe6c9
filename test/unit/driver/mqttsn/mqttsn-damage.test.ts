/** Damaged requests on a line without checksum: no flipped bit in a text leads to a rejection, which a client takes as final. */
import { describe, expect, it } from 'vitest';
import { decodePacket } from '../../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../../../src/codec/mqttsn-packets.ts';
import { CONNECT, LinkBench } from './mqttsn-bench.ts';

const TOPIC = 'a/state';
const REQUESTS: readonly Packet[] = [
  { kind: 'register', topicId: 0, messageId: 7, topic: TOPIC },
  { kind: 'subscribe', dup: false, qos: 1, messageId: 7, filter: { type: 'name', name: TOPIC } },
  { kind: 'unsubscribe', messageId: 7, filter: { type: 'name', name: TOPIC } },
  { kind: 'willtopicupd', will: { qos: 1, retain: false, topic: TOPIC } },
];
const ID = 'pump-7';
const PAUSE_MS = 200;

/** Every packet that differs in one bit of its text, as far as it can be decoded. */
function damaged(packet: Packet, text: string): Packet[] {
  const bytes = encodePacket(packet);
  const from = bytes.length - text.length;
  return Array.from({ length: text.length * 8 }, (_, bit) => {
    const copy = Uint8Array.from(bytes);
    copy[from + (bit >> 3)] = (copy[from + (bit >> 3)] ?? 0) ^ (1 << (bit & 7));
    return copy;
  }).flatMap((copy) => {
    const read = decodePacket(copy);
    return read.ok ? [read.value] : [];
  });
}

/** The reader of bare packets waits for a pause of the line before it accepts a packet with a forbidden text. */
function sendAlone(bench: LinkBench, packet: Packet): void {
  bench.send(packet);
  bench.after(PAUSE_MS);
}

const isFinal = (packet: Packet): boolean =>
  ('returnCode' in packet && packet.returnCode !== 0) || packet.kind === 'unsuback';

/** Answers that reject, to a request that arrives damaged in each possible way. */
function rejections(framing: 'sn-raw' | 'sn-cobs'): Packet[] {
  const rejected: Packet[] = [];
  for (const request of REQUESTS)
    for (const packet of damaged(request, TOPIC)) {
      const bench = new LinkBench({ framing }).attach();
      sendAlone(bench, packet);
      rejected.push(...bench.received().filter(isFinal));
    }
  for (const packet of damaged(CONNECT, ID)) {
    const bench = new LinkBench({ framing }).open();
    sendAlone(bench, packet);
    rejected.push(...bench.received().filter(isFinal));
  }
  return rejected;
}

describe('one flipped bit in a text', () => {
  it('is not answered with a rejection on a line without checksum', () => {
    expect(rejections('sn-raw')).toEqual([]);
  });

  it('negative control: a line with a checksum delivers what the client sent, which is rejected at once', () => {
    const kinds = new Set(rejections('sn-cobs').map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(['connack', 'regack', 'suback', 'unsuback', 'willtopicresp']);
  });

  it('does not keep the repeated request from success', () => {
    const bench = new LinkBench({ framing: 'sn-raw' }).attach();
    const [request] = REQUESTS;
    if (request === undefined) throw new Error('no request');
    for (const packet of damaged(request, '\u0001'.repeat(TOPIC.length)).slice(0, 1)) sendAlone(bench, packet);
    sendAlone(bench, request);
    expect(bench.reported()).toContainEqual(expect.objectContaining({ kind: 'topicBound', topic: TOPIC }));
  });
});

describe('an invalid text that the client repeats', () => {
  it.each([
    ['regack', { kind: 'register', topicId: 0, messageId: 7, topic: 'a/\u0001' }],
    ['suback', { kind: 'subscribe', dup: false, qos: 1, messageId: 7, filter: { type: 'name', name: 'a/\u0001' } }],
    ['willtopicresp', { kind: 'willtopicupd', will: { qos: 1, retain: false, topic: 'a/\u0001' } }],
  ] satisfies readonly (readonly [string, Packet])[])('is rejected by %s at the second time', (kind, packet) => {
    const bench = new LinkBench({ framing: 'sn-raw' }).attach();
    sendAlone(bench, packet);
    expect(bench.received()).toEqual([]);
    sendAlone(bench, packet);
    expect(bench.received()).toMatchObject([{ kind, returnCode: 3 }]);
    bench.reported();
    expect(bench.discards).toHaveLength(2);
  });

  it('is rejected by CONNACK at the second CONNECT', () => {
    const bench = new LinkBench({ framing: 'sn-raw' }).open();
    const connect: Packet = { ...CONNECT, clientId: 'pump 7' };
    sendAlone(bench, connect);
    expect(bench.received()).toEqual([]);
    sendAlone(bench, connect);
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 3 }]);
  });
});
