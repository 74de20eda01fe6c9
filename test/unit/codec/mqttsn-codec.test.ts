import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePacket } from '../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import { isShortName, MESSAGE_TYPE, type Packet, topicIdField } from '../../../src/codec/mqttsn-packets.ts';
import { bytesOf, hexOf, MALFORMED, PACKETS } from '../base/vectors.ts';

const word = fc.nat(0xffff);
const octet = fc.nat(0xff);
const bytes = fc.uint8Array({ maxLength: 600 });
const text = fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }).filter((value) => !value.includes('\0'));
const qos = fc.constantFrom(-1, 0, 1, 2);
const shortName = fc.oneof(fc.constantFrom('ab', 'é', '/1'), fc.stringMatching(/^[ -~]{2}$/));
const topicIds = fc.record({ type: fc.constant('predefined'), id: word });
const shortNames = fc.record({ type: fc.constant('short'), name: shortName });
const topic = fc.oneof(topicIds, shortNames, fc.record({ type: fc.constant('normal'), id: word }));
const filter = fc.oneof(topicIds, shortNames, fc.record({ type: fc.constant('name'), name: text }));
const will = fc.option(fc.record({ qos, retain: fc.boolean(), topic: text }), { nil: undefined });

function of(kind: Packet['kind'], fields: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<Packet> {
  return fc.record({ kind: fc.constant(kind), ...fields }) as fc.Arbitrary<Packet>;
}

const packets: Readonly<Record<Packet['kind'], fc.Arbitrary<Packet>>> = {
  advertise: of('advertise', { gatewayId: octet, durationS: word }),
  searchgw: of('searchgw', { radius: octet }),
  gwinfo: of('gwinfo', { gatewayId: octet, gatewayAddress: bytes }),
  connect: of('connect', { will: fc.boolean(), clean: fc.boolean(), durationS: word, clientId: text }),
  connack: of('connack', { returnCode: octet }),
  willtopicreq: of('willtopicreq'),
  willtopic: of('willtopic', { will }),
  willmsgreq: of('willmsgreq'),
  willmsg: of('willmsg', { payload: bytes }),
  register: of('register', { topicId: word, messageId: word, topic: text }),
  regack: of('regack', { topicId: word, messageId: word, returnCode: octet }),
  publish: of('publish', { dup: fc.boolean(), qos, retain: fc.boolean(), topic, messageId: word, payload: bytes }),
  puback: of('puback', { topicId: word, messageId: word, returnCode: octet }),
  pubcomp: of('pubcomp', { messageId: word }),
  pubrec: of('pubrec', { messageId: word }),
  pubrel: of('pubrel', { messageId: word }),
  subscribe: of('subscribe', { dup: fc.boolean(), qos, messageId: word, filter }),
  suback: of('suback', { qos, topicId: word, messageId: word, returnCode: octet }),
  unsubscribe: of('unsubscribe', { messageId: word, filter }),
  unsuback: of('unsuback', { messageId: word }),
  pingreq: of('pingreq', { clientId: text }),
  pingresp: of('pingresp'),
  disconnect: of('disconnect', { durationS: fc.option(word, { nil: undefined }) }),
  willtopicupd: of('willtopicupd', { will }),
  willtopicresp: of('willtopicresp', { returnCode: octet }),
  willmsgupd: of('willmsgupd', { payload: bytes }),
  willmsgresp: of('willmsgresp', { returnCode: octet }),
  encapsulated: of('encapsulated', {
    radius: fc.nat(3),
    node: fc.uint8Array({ maxLength: 252 }),
    packet: fc.uint8Array({ minLength: 2, maxLength: 300 }),
  }),
};

describe('the MQTT-SN codec', () => {
  it.each(PACKETS)('writes and reads %s as in the standard', (_name, packet, golden) => {
    expect(hexOf(encodePacket(packet))).toBe(hexOf(golden));
    expect(decodePacket(golden)).toEqual({ ok: true, value: packet });
  });

  it('has a golden packet of every message type', () => {
    expect(new Set(PACKETS.map(([, packet]) => packet.kind))).toEqual(new Set(Object.keys(MESSAGE_TYPE)));
  });

  it.each(MALFORMED)('rejects $name', ({ bytes: hex }) => {
    expect(decodePacket(bytesOf(hex))).toMatchObject({ ok: false });
  });

  it.each(Object.entries(packets))('reads back every %s that it writes', (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (packet) => {
        expect(decodePacket(encodePacket(packet))).toEqual({ ok: true, value: packet });
      }),
    );
  });

  it('never throws, and can write every packet that it reads', () => {
    const typed = fc
      .tuple(fc.constantFrom(...Object.values(MESSAGE_TYPE)), fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => Uint8Array.of(body.length + 2, type, ...body));
    fc.assert(
      fc.property(fc.oneof(typed, bytes), (noise) => {
        const packet = decodePacket(noise);
        if (packet.ok) expect(decodePacket(encodePacket(packet.value))).toEqual(packet);
      }),
      { numRuns: 3000 },
    );
  });

  it('copies payloads into memory of their own', () => {
    const pool = Buffer.concat([Buffer.alloc(100), Buffer.from('080c00000100000a', 'hex')]).subarray(100);
    const packet = decodePacket(pool);
    pool.fill(0);
    expect(packet).toMatchObject({ value: { payload: Uint8Array.of(0x0a) } });
    if (packet.ok && packet.value.kind === 'publish') expect(packet.value.payload.buffer.byteLength).toBe(1);
  });

  it('refuses to write a packet longer than the Length field can express', () => {
    expect(() => encodePacket({ kind: 'willmsg', payload: new Uint8Array(65_532) })).toThrow(RangeError);
  });

  it('recognises a short topic name by its number of octets, not of characters', () => {
    expect(['ab', 'é', 'a', 'abc', 'éa', '', '€'].filter(isShortName)).toEqual(['ab', 'é']);
    expect(topicIdField({ type: 'short', name: 'ab' })).toBe(0x6162);
  });
});
