import { describe, expect, it, test } from 'vitest';
import type { Decoded } from '../../../src/base/decoded.ts';
import type { MqttPacket } from '../../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../../src/codec/mqtt-wire.ts';

const LIMITS = { packetBytesMax: 64 * 1024 };

const text = new TextEncoder();

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function readAll(bytes: Uint8Array): Decoded<MqttPacket>[] {
  return new MqttReader(LIMITS).push(bytes);
}

/** Packet around a body, with a remaining length of one byte. */
function framed(first: number, hex: string): Uint8Array {
  const content = bytesOf(hex);
  return new Uint8Array([first, content.length, ...content]);
}

function publish(topic: string, payload: Uint8Array): MqttPacket {
  return { kind: 'publish', topic, payload, qos: 0, retain: false, dup: false, packetId: undefined };
}

describe('a broken or hostile hub', () => {
  test.each([
    ['a declared length beyond the limit', '30 ffffff7f', undefined],
    ['a remaining length of five bytes', '30 ffffffff01', undefined],
    ['text that is not UTF-8', '30 04 0002 c328', 'MQTT-1.5.3-1'],
    ['a surrogate in UTF-8', '30 05 0003 eda080', 'MQTT-1.5.3-1'],
    ['an overlong encoding in UTF-8', '30 04 0002 c0af', 'MQTT-1.5.3-1'],
    ['NUL in a topic', '30 05 0003 610062', 'MQTT-1.5.3-2'],
    ['a wildcard + in a topic', '30 05 0003 612f2b', 'MQTT-3.3.2-2'],
    ['a wildcard # in a topic', '30 03 0001 23', 'MQTT-3.3.2-2'],
    ['an empty topic', '30 02 0000', 'MQTT-4.7.3-1'],
    ['a topic longer than its packet', '30 03 0005 61', undefined],
    ['QoS 3', '36 07 0003 612f62 000a', 'MQTT-3.3.1-4'],
    ['DUP with QoS 0', '38 05 0003 612f62', 'MQTT-3.3.1-2'],
    ['packet identifier 0 in a PUBLISH', '32 07 0003 612f62 0000', 'MQTT-2.3.1-1'],
    ['a PUBLISH that ends before its packet identifier', '32 06 0003 612f62 00', undefined],
    ['a CONNACK of one byte', '20 01 00', undefined],
    ['a CONNACK of no bytes', '20 00', undefined],
    ['a CONNACK of three bytes', '20 03 00 00 00', undefined],
    ['reserved CONNACK flags', '20 02 02 00', undefined],
    ['a reserved CONNACK return code', '20 02 00 06', undefined],
    ['session present in a rejection', '20 02 01 05', 'MQTT-3.2.2-4'],
    ['an overlong PUBACK', '40 03 000a 00', undefined],
    ['a PUBACK too short', '40 01 0a', undefined],
    ['packet identifier 0 in a PUBACK', '40 02 0000', 'MQTT-2.3.1-1'],
    ['reserved flags in a PUBACK', '41 02 000a', 'MQTT-2.2.2-2'],
    ['reserved flags in a PINGRESP', 'd1 00', 'MQTT-2.2.2-2'],
    ['a PINGRESP with a body', 'd0 01 00', undefined],
    ['a SUBACK without a return code', '90 02 000a', undefined],
    ['a reserved SUBACK return code', '90 03 000a 03', 'MQTT-3.9.3-2'],
    ['an overlong UNSUBACK', 'b0 03 000a 00', undefined],
    ['packet type 0', '00 00', undefined],
    ['packet type 15', 'f0 00', undefined],
  ])('is rejected for %s', (_name, hex, tag) => {
    const reader = new MqttReader(LIMITS);
    const [first, ...rest] = reader.push(bytesOf(hex));
    expect(rest).toEqual([]);
    expect(first).toMatchObject(tag === undefined ? { ok: false } : { ok: false, tag });
    expect(reader.isDead).toBe(true);
  });

  it('is not read further after the first problem, even if valid packets follow', () => {
    const reader = new MqttReader(LIMITS);
    const read = reader.push(bytesOf('c000 00 00 c000'));
    expect(read.map(({ ok }) => ok)).toEqual([true, false]);
    expect(reader.push(bytesOf('c000'))).toEqual([]);
  });

  it('cannot make the decoder hold a packet with a length beyond the limit: the fifth byte is rejected', () => {
    const reader = new MqttReader({ packetBytesMax: 1000 });
    expect(reader.push(bytesOf('30 ff'))).toEqual([]);
    expect(reader.push(bytesOf('07'))).toMatchObject([{ ok: false }]);
    expect(reader.heldBytes).toBeLessThanOrEqual(5);
  });

  it('can send a packet of exactly the largest size, and not one byte more', () => {
    const largest = encodeMqtt(publish('t', new Uint8Array(1000 - 6)));
    expect(largest.length).toBe(1000);
    expect(new MqttReader({ packetBytesMax: 1000 }).push(largest)).toMatchObject([{ ok: true }]);
    expect(new MqttReader({ packetBytesMax: 999 }).push(largest)).toMatchObject([{ ok: false }]);
  });

  it('has its payloads copied: later changes of the buffer of the socket have no effect', () => {
    const packet = publish('t', text.encode('kept'));
    const pool = new Uint8Array(encodeMqtt(packet));
    const [read] = readAll(pool);
    pool.fill(0);
    expect(read).toEqual({ ok: true, value: packet });
    expect(read?.ok === true && read.value.kind === 'publish' && read.value.payload.buffer.byteLength).toBe(4);
  });
});

describe('a broken or hostile client', () => {
  const head = '0004 4d515454 04';
  test.each([
    ['another protocol name', framed(0x10, '0006 4d5149736470 03 02 003c 0001 63'), 'MQTT-3.1.2-1'],
    ['protocol level 3', framed(0x10, '0004 4d515454 03 02 003c 0001 63'), 'MQTT-3.1.2-2'],
    ['protocol level 5', framed(0x10, '0004 4d515454 05 02 003c 00 0001 63'), 'MQTT-3.1.2-2'],
    ['a bridge bit in the level', framed(0x10, '0004 4d515454 84 02 003c 0001 63'), 'MQTT-3.1.2-2'],
    ['the reserved CONNECT flag', framed(0x10, `${head} 03 003c 0001 63`), 'MQTT-3.1.2-3'],
    ['will QoS without a will', framed(0x10, `${head} 0a 003c 0001 63`), 'MQTT-3.1.2-13'],
    ['will QoS 3', framed(0x10, `${head} 1e 003c 0001 63 0001 77 0000`), 'MQTT-3.1.2-14'],
    ['will retain without a will', framed(0x10, `${head} 22 003c 0001 63`), 'MQTT-3.1.2-15'],
    ['a password without a username', framed(0x10, `${head} 42 003c 0001 63 0001 70`), 'MQTT-3.1.2-22'],
    ['a client id that is not UTF-8', framed(0x10, `${head} 02 003c 0001 ff`), 'MQTT-1.5.3-1'],
    ['bytes behind a CONNECT', framed(0x10, `${head} 02 003c 0001 63 00`), undefined],
    ['a CONNECT cut short', framed(0x10, `${head} c2 003c 0001 63 0001 75`), undefined],
    ['a SUBSCRIBE without a filter', framed(0x82, '000a'), 'MQTT-3.8.3-3'],
    ['a subscription with QoS 3', framed(0x82, '000a 0001 61 03'), 'MQTT-3-8.3-4'],
    ['reserved bits in a subscription', framed(0x82, '000a 0001 61 41'), 'MQTT-3-8.3-4'],
    ['a filter with # in the middle', framed(0x82, '000a 0003 232f61 01'), 'MQTT-4.7.1-2'],
    ['a SUBSCRIBE with flags 0', framed(0x80, '000a 0001 61 01'), 'MQTT-2.2.2-2'],
    ['packet identifier 0 in a SUBSCRIBE', framed(0x82, '0000 0001 61 01'), 'MQTT-2.3.1-1'],
    ['an UNSUBSCRIBE without a filter', framed(0xa2, '000a'), 'MQTT-3.10.3-2'],
    ['an empty filter', framed(0xa2, '000a 0000'), 'MQTT-4.7.3-1'],
    ['a DISCONNECT with a body', framed(0xe0, '00'), undefined],
  ])('is rejected for %s', (_name, bytes, tag) => {
    const [first] = readAll(bytes);
    expect(first).toMatchObject(tag === undefined ? { ok: false } : { ok: false, tag });
  });
});
