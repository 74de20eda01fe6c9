/**
 * Requirements of MQTT 3.1.1 for a server, statement by statement, for statements without another test of the bench
 * hub; see docs/mqtt-conformance.md.
 */
import { describe, expect, it } from 'vitest';
import { GENERIC } from '../../../../src/bench/hub/bench-rules.ts';
import { HubRig } from '../../bench/hub/bench-hub-rig.ts';

const HEAD = '0004 4d515454 04';

/** Packet with one length byte. */
function framed(first: number, hex: string): Uint8Array {
  const body = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return Uint8Array.of(first, body.length, ...body);
}

/** Hub that delivers messages of devices to other devices, with one device subscribed to everything. */
function busyRig(qos: 0 | 1 = 1): { rig: HubRig; listener: number; speaker: number } {
  const rig = new HubRig({ ...GENERIC });
  const listener = rig.connect('listener');
  rig.subscribe(listener, '#', qos);
  return { rig, listener, speaker: rig.connect('speaker') };
}

describe('a CONNECT', () => {
  it.each([
    ['another protocol name [MQTT-3.1.2-1]', '0006 4d5149736470 03 02 003c 0001 63'],
    ['the reserved flag [MQTT-3.1.2-3]', `${HEAD} 03 003c 0001 63`],
    ['a will flag and no will [MQTT-3.1.2-9]', `${HEAD} 06 003c 0001 63`],
    ['a will and no flag for it [MQTT-3.1.2-11]', `${HEAD} 02 003c 0001 63 0001 77 0001 6d`],
    ['will QoS and no will [MQTT-3.1.2-13]', `${HEAD} 0a 003c 0001 63`],
    ['will QoS 3 [MQTT-3.1.2-14]', `${HEAD} 1e 003c 0001 63 0001 77 0000`],
    ['will retain and no will [MQTT-3.1.2-15]', `${HEAD} 22 003c 0001 63`],
    ['a user name and no flag for it [MQTT-3.1.2-18]', `${HEAD} 02 003c 0001 63 0001 75`],
    ['a flag and no user name [MQTT-3.1.2-19]', `${HEAD} 82 003c 0001 63`],
    ['a password and no flag for it [MQTT-3.1.2-20]', `${HEAD} 82 003c 0001 63 0001 75 0001 70`],
    ['a flag and no password [MQTT-3.1.2-21]', `${HEAD} c2 003c 0001 63 0001 75`],
    ['a password without a user name [MQTT-3.1.2-22]', `${HEAD} 42 003c 0001 63 0001 70`],
    ['no client id [MQTT-3.1.3-3]', `${HEAD} 02 003c`],
    ['a client id that is not UTF-8 [MQTT-3.1.3-4]', `${HEAD} 02 003c 0001 ff`],
    ['a will topic that is not UTF-8 [MQTT-3.1.3-10]', `${HEAD} 06 003c 0001 63 0001 ff 0001 6d`],
    ['a user name that is not UTF-8 [MQTT-3.1.3-11]', `${HEAD} 82 003c 0001 63 0001 ff`],
  ])('with %s is closed without CONNACK [MQTT-3.1.4-1]', (_what, hex) => {
    const rig = new HubRig();
    const connection = rig.open();
    rig.sendBytes(connection, framed(0x10, hex));
    expect(rig.ended.has(connection)).toBe(true);
    expect(rig.sentTo(connection)).toEqual([]);
    expect(rig.session('c')).toBeUndefined();
  });

  it('with a client id of 1 to 23 letters and digits is accepted [MQTT-3.1.3-5]', () => {
    const rig = new HubRig();
    for (const clientId of ['a', '0123456789ABCDEFGHIJKLM', 'NOPQRSTUVWXYZabcdefghij', 'klmnopqrstuvwxyz'])
      expect(rig.connack(rig.connect(clientId))).toMatchObject({ returnCode: 0 });
  });

  it('with clean session 1 gets session present 0, also if there was a session [MQTT-3.2.2-1]', () => {
    const rig = new HubRig();
    rig.disconnect(rig.connect('c'));
    expect(rig.connack(rig.connect('c', { cleanSession: true }))).toMatchObject({ sessionPresent: false });
  });

  it('that is rejected gets session present 0 and is closed, and later packets are ignored [MQTT-3.1.4-5] [MQTT-3.2.2-4] [MQTT-3.2.2-5]', () => {
    const rig = new HubRig({ credentials: new Map([['c', 'AAAA']]) });
    const connection = rig.connect('c', { username: 'c;1;2;3', password: new Uint8Array(3) });
    const answer = rig.connack(connection);
    expect(answer).toMatchObject({ sessionPresent: false });
    expect(answer?.returnCode).toBeGreaterThan(0);
    rig.publish(connection, 't');
    expect([rig.ended.has(connection), rig.arrivals, rig.sentTo(connection)]).toEqual([true, [], [answer]]);
  });

  it('is answered by CONNACK before any stored message [MQTT-3.2.0-1]', () => {
    const rig = new HubRig();
    const before = rig.connect('c');
    rig.subscribe(before, 't');
    rig.fromApplication('t', 'in flight');
    rig.disconnect(before);
    rig.fromApplication('t', 'stored');
    expect(rig.sentTo(rig.connect('c')).map(({ kind }) => kind)[0]).toBe('connack');
  });
});

describe('a will', () => {
  const will = { topic: 'will', payload: new Uint8Array(), qos: 1, retain: false } as const;

  it('is not retained, and published once [MQTT-3.1.2-10] [MQTT-3.1.2-16]', () => {
    const { rig, listener } = busyRig();
    rig.cut(rig.connect('dying', { will }));
    rig.cut(rig.connect('dying'));
    expect(rig.messagesTo(listener)).toMatchObject([{ topic: 'will', retain: false }]);
  });

  it('that was not requested is not published [MQTT-3.1.2-12]', () => {
    const { rig, listener } = busyRig();
    rig.cut(rig.connect('dying'));
    expect(rig.messagesTo(listener)).toEqual([]);
  });
});

describe('a PUBLISH with RETAIN', () => {
  /** Messages that a new subscription to everything receives, as [topic, text, RETAIN]. */
  function broughtTo(rig: HubRig, filter = '#'): [string, string, boolean][] {
    const newcomer = rig.connect(`newcomer to ${filter}`);
    rig.subscribe(newcomer, filter, 1);
    return rig.messagesTo(newcomer).map(({ topic, text, retain }) => [topic, text, retain]);
  }

  const text = (words: string): Uint8Array => new TextEncoder().encode(words);

  it('is stored, the last of each topic, and sent to new subscribers with RETAIN [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8]', () => {
    const { rig, speaker } = busyRig();
    for (const [topic, words] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ] as const)
      rig.publish(speaker, topic, { retain: true, payload: text(words) });
    expect(broughtTo(rig)).toEqual([
      ['b', '2', true],
      ['a', '3', true],
    ]);
    expect(broughtTo(rig, 'a')).toEqual([['a', '3', true]]);
  });

  it('of QoS 0 replaces the retained message [MQTT-3.3.1-7]', () => {
    const { rig, speaker } = busyRig();
    rig.publish(speaker, 'a', { retain: true, payload: text('1') });
    rig.publish(speaker, 'a', { retain: true, qos: 0, payload: text('2') });
    expect(broughtTo(rig)).toEqual([['a', '2', true]]);
  });

  it('that is empty removes the retained message, and is not stored itself [MQTT-3.3.1-10] [MQTT-3.3.1-11]', () => {
    const { rig, listener, speaker } = busyRig();
    rig.publish(speaker, 'a', { retain: true, payload: text('1') });
    rig.publish(speaker, 'a', { retain: true, payload: new Uint8Array(0) });
    expect(rig.messagesTo(listener)).toMatchObject([{ text: '1' }, { text: '', retain: false }]);
    expect(broughtTo(rig)).toEqual([]);
  });

  it('stays after one without RETAIN, which is not stored [MQTT-3.3.1-12]', () => {
    const { rig, speaker } = busyRig();
    rig.publish(speaker, 'a', { retain: true, payload: text('1') });
    rig.publish(speaker, 'a', { payload: text('2') });
    rig.publish(speaker, 'a', { payload: new Uint8Array(0) });
    rig.publish(speaker, 'b', { payload: text('3') });
    expect(broughtTo(rig)).toEqual([['a', '1', true]]);
  });

  it('is stored for a will too [MQTT-3.1.2-17]', () => {
    const { rig } = busyRig();
    rig.cut(rig.connect('dying', { will: { topic: 'will', payload: text('x'), qos: 1, retain: true } }));
    expect(broughtTo(rig)).toEqual([['will', 'x', true]]);
  });

  it('is not stored if the hub does not support RETAIN', () => {
    const rig = new HubRig();
    rig.publish(rig.connect('speaker'), 'a', { retain: true, payload: text('1') });
    expect(rig.arrivals).toMatchObject([{ topic: 'a', retain: true }]);
    expect(broughtTo(rig)).toEqual([]);
  });
});

describe('a PUBLISH', () => {
  it('with DUP or RETAIN reaches subscribers without these flags [MQTT-3.3.1-3] [MQTT-3.3.1-9]', () => {
    const { rig, listener, speaker } = busyRig();
    rig.publish(speaker, 't', { dup: true, retain: true });
    expect(rig.messagesTo(listener)).toMatchObject([{ dup: false, retain: false }]);
  });

  it.each([
    [0, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, 1],
  ] as const)('of QoS %i to a subscription of QoS %i is sent with QoS %i [MQTT-3.8.4-6]', (sent, granted, qos) => {
    const { rig, listener, speaker } = busyRig(granted);
    rig.publish(speaker, 't', { qos: sent });
    const packetId = qos === 0 ? undefined : expect.any(Number); // [MQTT-2.3.1-5]
    expect(rig.messagesTo(listener)).toMatchObject([{ qos, dup: false, packetId }]);
  });

  it('of one client reaches another in the order of arrival, per topic and QoS [MQTT-4.6.0-6]', () => {
    const { rig, listener, speaker } = busyRig();
    for (let number = 0; number < 50; number += 1) {
      rig.publish(speaker, 't', { packetId: number + 1, payload: Uint8Array.of(65 + number) });
      for (const message of rig.messagesTo(listener).slice(-1)) rig.acknowledge(listener, message.packetId ?? 0);
    }
    const numbers = rig.messagesTo(listener).map(({ payload }) => payload[0]);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, number) => 65 + number));
  });
});

describe('the answer', () => {
  it('to PUBLISH, SUBSCRIBE and UNSUBSCRIBE has its packet identifier [MQTT-2.3.1-6] [MQTT-2.3.1-7]', () => {
    const rig = new HubRig();
    const connection = rig.connect('c');
    rig.publish(connection, 't', { packetId: 700 });
    rig.send(connection, { kind: 'subscribe', packetId: 65_535, subscriptions: [{ filter: 'a', qos: 1 }] });
    rig.send(connection, { kind: 'unsubscribe', packetId: 9, filters: ['a'] });
    expect(rig.sentTo(connection).slice(1)).toMatchObject([
      { kind: 'puback', packetId: 700 },
      { kind: 'suback', packetId: 65_535 },
      { kind: 'unsuback', packetId: 9 },
    ]);
  });

  it('to an UNSUBSCRIBE of several filters is one packet, and each filter ends [MQTT-3.10.4-6]', () => {
    const rig = new HubRig();
    const connection = rig.connect('c');
    for (const filter of ['a', 'b', 'c']) rig.subscribe(connection, filter);
    rig.send(connection, { kind: 'unsubscribe', packetId: 9, filters: ['a', 'never subscribed', 'c'] });
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'unsuback')).toHaveLength(1);
    expect(rig.session('c')?.subscriptions).toEqual([{ filter: 'b', qos: 1 }]);
  });
});

describe('an UNSUBSCRIBE', () => {
  it('ends exactly the same filter, byte for byte, and no other [MQTT-3.10.4-1]', () => {
    const rig = new HubRig();
    const connection = rig.connect('c');
    for (const filter of ['a/b', 'A/b', 'a/+']) rig.subscribe(connection, filter);
    rig.send(connection, { kind: 'unsubscribe', packetId: 9, filters: ['a/+', 'A/B'] });
    expect(rig.session('c')?.subscriptions.map(({ filter }) => filter)).toEqual(['a/b', 'A/b']);
  });

  it('stops new messages, and completes the messages in flight [MQTT-3.10.4-2] [MQTT-3.10.4-3]', () => {
    const rig = new HubRig();
    const connection = rig.connect('c');
    rig.subscribe(connection, 't');
    rig.fromApplication('t', 'in flight');
    rig.send(connection, { kind: 'unsubscribe', packetId: 9, filters: ['t'] });
    rig.fromApplication('t', 'new');
    rig.cut(connection);
    expect(rig.messagesTo(rig.connect('c'))).toMatchObject([{ text: 'in flight', dup: true }]);
  });
});

describe('a violation', () => {
  it.each([
    ['a SUBSCRIBE with other flags [MQTT-3.8.1-1]', framed(0x80, '000a 0001 61 01')],
    ['a filter that is not UTF-8 [MQTT-3.8.3-1]', framed(0x82, '000a 0001 ff 01')],
    ['a SUBSCRIBE without a filter [MQTT-3.8.3-3]', framed(0x82, '000a')],
    ['a subscription with QoS 3 [MQTT-3-8.3-4]', framed(0x82, '000a 0001 61 03')],
    ['an UNSUBSCRIBE with other flags [MQTT-3.10.1-1]', framed(0xa0, '000a 0001 61')],
    ['an UNSUBSCRIBE of what is not UTF-8 [MQTT-3.10.3-1]', framed(0xa2, '000a 0001 ff')],
    ['an UNSUBSCRIBE without a filter [MQTT-3.10.3-2]', framed(0xa2, '000a')],
    ['a PUBREL with other flags [MQTT-3.6.1-1]', framed(0x60, '000a')],
    ['a DISCONNECT with flags [MQTT-3.14.1-1]', framed(0xe1, '')],
    ['a PUBLISH with QoS 3 [MQTT-3.3.1-4]', framed(0x36, '0003 612f62 000a')],
    ['a wildcard in a topic name [MQTT-3.3.2-2]', framed(0x30, '0003 612f2b')],
  ])('ends the connection: %s [MQTT-4.8.0-1]', (_what, bytes) => {
    const rig = new HubRig();
    const connection = rig.connect('c');
    rig.sendBytes(connection, bytes);
    expect(rig.ended.has(connection)).toBe(true);
    expect(rig.sentTo(connection).map(({ kind }) => kind)).toEqual(['connack']);
  });
});
