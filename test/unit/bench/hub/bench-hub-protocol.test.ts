/** MQTT 3.1.1 for QoS 0 and 1 at the bench hub. */
import { describe, expect, it, test } from 'vitest';
import { PROFILES } from '../../../../src/bench/hub/bench-rules.ts';
import type { MqttPacket } from '../../../../src/codec/mqtt.ts';
import { HubRig } from './bench-hub-rig.ts';

describe('a connection', () => {
  test.each<MqttPacket>([
    { kind: 'pingreq' },
    { kind: 'disconnect' },
    { kind: 'puback', packetId: 1 },
    { kind: 'subscribe', packetId: 1, subscriptions: [{ filter: 'a', qos: 1 }] },
  ])('is closed when its first packet is not CONNECT but $kind [MQTT-3.1.0-1]', (packet) => {
    const rig = new HubRig();
    const connection = rig.open();
    rig.send(connection, packet);
    expect(rig.ended.get(connection)).toContain('MQTT-3.1.0-1');
    expect(rig.sentTo(connection)).toEqual([]);
  });

  it('is closed after a second CONNECT [MQTT-3.1.0-2]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.send(connection, {
      kind: 'connect',
      clientId: 'gw',
      cleanSession: false,
      keepAliveS: 0,
      username: undefined,
      password: undefined,
      will: undefined,
    });
    expect(rig.ended.get(connection)).toContain('MQTT-3.1.0-2');
    expect(rig.session('gw')).toMatchObject({ isConnected: false });
  });

  it('is closed if no CONNECT arrives within 10 s', () => {
    const rig = new HubRig();
    const connection = rig.open();
    rig.advance(9_999);
    expect(rig.ended.has(connection)).toBe(false);
    rig.advance(1);
    expect(rig.ended.get(connection)).toBe('no CONNECT in time');
  });

  it('at another protocol level gets CONNACK 1 and is closed [MQTT-3.1.2-2]', () => {
    const rig = new HubRig();
    const connection = rig.open();
    rig.sendBytes(connection, Buffer.from('100d00044d5154540502003c000163', 'hex'));
    expect(rig.connack(connection)).toMatchObject({ returnCode: 1, sessionPresent: false });
    expect(rig.ended.get(connection)).toContain('MQTT-3.1.2-2');
  });

  it('without a client id gets CONNACK 2 for a lasting session, and a generated id for a clean one [MQTT-3.1.3-8]', () => {
    const rig = new HubRig();
    const lasting = rig.open();
    rig.sendBytes(lasting, Buffer.from('100c00044d5154540400003c0000', 'hex'));
    expect(rig.connack(lasting)).toMatchObject({ returnCode: 2 });
    expect(rig.ended.has(lasting)).toBe(true);
    const clean = rig.connect('', { cleanSession: true });
    expect(rig.connack(clean)).toMatchObject({ returnCode: 0, sessionPresent: false });
    expect(rig.ended.has(clean)).toBe(false);
  });

  it('is closed one and a half keep alives after the last packet, and any packet counts [MQTT-3.1.2-24]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw', { keepAliveS: 60 });
    rig.advance(89_999);
    rig.send(connection, { kind: 'pingreq' });
    rig.advance(89_999);
    expect(rig.ended.has(connection)).toBe(false);
    rig.advance(1);
    expect(rig.ended.get(connection)).toBe('keep alive ran out');
  });

  it('with keep alive 0 may stay idle', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw', { keepAliveS: 0 });
    rig.advance(1e9);
    expect(rig.ended.has(connection)).toBe(false);
  });

  it('of the same client id closes the older one without another packet [MQTT-3.1.4-2]', () => {
    const rig = new HubRig();
    const first = rig.connect('gw');
    const second = rig.connect('gw');
    expect(rig.ended.get(first)).toContain('MQTT-3.1.4-2');
    expect(rig.ended.has(second)).toBe(false);
    expect(rig.sentTo(first).map(({ kind }) => kind)).toEqual(['connack']);
    expect(rig.connack(second)).toMatchObject({ sessionPresent: true });
  });

  it('is not read after DISCONNECT, not even another CONNECT [MQTT-3.14.4-2]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.sendBytes(connection, Buffer.from('e000100e00044d5154540400003c00026777', 'hex'));
    expect(rig.sentTo(connection).map(({ kind }) => kind)).toEqual(['connack']);
    expect(rig.ended.get(connection)).toBe('DISCONNECT');
    expect(rig.session('gw')).toMatchObject({ isConnected: false });
  });

  it('gets PINGRESP for PINGREQ', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.send(connection, { kind: 'pingreq' });
    expect(rig.sentTo(connection).at(-1)).toEqual({ kind: 'pingresp' });
  });

  test.each<MqttPacket>([
    { kind: 'connack', sessionPresent: false, returnCode: 0 },
    { kind: 'suback', packetId: 1, returnCodes: [0] },
    { kind: 'unsuback', packetId: 1 },
    { kind: 'pingresp' },
    { kind: 'pubrel', packetId: 1 },
    { kind: 'publish', topic: 'a', payload: new Uint8Array(), qos: 2, retain: false, dup: false, packetId: 1 },
  ])('is closed for a packet that clients must not send: $kind', (packet) => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.send(connection, packet);
    expect(rig.ended.has(connection)).toBe(true);
    expect(rig.arrivals).toEqual([]);
  });
});

describe('subscriptions', () => {
  it('get one return code per filter, in their order', () => {
    const rig = new HubRig({ filtersPerSubscribeMax: 10 });
    const connection = rig.connect('gw');
    const filters = [
      { filter: 'a', qos: 1 },
      { filter: 'b', qos: 0 },
      { filter: 'c', qos: 1 },
    ] as const;
    rig.send(connection, { kind: 'subscribe', packetId: 7, subscriptions: filters });
    expect(rig.sentTo(connection).at(-1)).toEqual({ kind: 'suback', packetId: 7, returnCodes: [1, 0, 1] });
  });

  it('of QoS 2 are granted QoS 1', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'a', 2);
    expect(rig.sentTo(connection).at(-1)).toMatchObject({ returnCodes: [1] });
    expect(rig.session('gw')?.subscriptions).toEqual([{ filter: 'a', qos: 1 }]);
  });

  it('are replaced by the same filter [MQTT-3.8.4-3]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'a', 1);
    rig.subscribe(connection, 'a', 0);
    expect(rig.session('gw')?.subscriptions).toEqual([{ filter: 'a', qos: 0 }]);
  });

  it('that overlap deliver one copy, with the highest QoS [MQTT-3.3.5-1]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'a/+', 0);
    rig.subscribe(connection, 'a/#', 1);
    rig.fromApplication('a/b');
    expect(rig.messagesTo(connection)).toMatchObject([{ qos: 1 }]);
  });

  it('with a wildcard as first level match no topic that begins with $ [MQTT-4.7.2-1]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, '#');
    rig.fromApplication('$ota/update/p/d');
    rig.fromApplication('p/d/control', 'taken');
    expect(rig.messagesTo(connection).map(({ topic }) => topic)).toEqual(['p/d/control']);
  });

  it('end with UNSUBSCRIBE, and an unknown filter gets its UNSUBACK too [MQTT-3.10.4-5]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'a');
    rig.send(connection, { kind: 'unsubscribe', packetId: 9, filters: ['a', 'unknown'] });
    expect(rig.sentTo(connection).at(-1)).toEqual({ kind: 'unsuback', packetId: 9 });
    rig.fromApplication('a');
    expect(rig.messagesTo(connection)).toEqual([]);
  });
});

describe('messages', () => {
  it('of QoS 1 are acknowledged in the order of arrival [MQTT-4.6.0-2]', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    for (const packetId of [5, 3, 65_535]) rig.publish(connection, 'p/d/event', { packetId });
    expect(rig.sentTo(connection).slice(1)).toEqual([5, 3, 65_535].map((packetId) => ({ kind: 'puback', packetId })));
  });

  it('of QoS 0 arrive and are not acknowledged', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/event', { qos: 0 });
    expect(rig.arrivals).toMatchObject([{ clientId: 'gw', topic: 'p/d/event', qos: 0 }]);
    expect(rig.sentTo(connection)).toHaveLength(1);
  });

  it('with DUP are delivered again: the hub does not remember packet identifiers', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/event', { packetId: 4 });
    rig.publish(connection, 'p/d/event', { packetId: 4, dup: true });
    expect(rig.arrivals.map(({ dup }) => dup)).toEqual([false, true]);
  });

  it('of a device arrive at the application side only', () => {
    const rig = new HubRig();
    const [gateway, other] = [rig.connect('gw'), rig.connect('other')];
    rig.subscribe(gateway, 'p/d/data');
    rig.subscribe(other, 'p/d/data');
    rig.publish(gateway, 'p/d/data');
    expect(rig.arrivals).toHaveLength(1);
    expect([...rig.messagesTo(gateway), ...rig.messagesTo(other)]).toEqual([]);
  });

  it.each([
    [0, 0, 0],
    [1, 0, 0],
    [1, 1, 1],
  ] as const)(
    'with QoS %i are delivered once to the device itself, subscribed with QoS %i, in profile generic',
    (sent, granted, got) => {
      const rig = new HubRig(PROFILES.generic);
      const client = rig.connect('c');
      rig.subscribe(client, 'p/+/data', granted);
      rig.publish(client, 'p/d/data', { qos: sent });
      expect(rig.messagesTo(client)).toMatchObject([{ topic: 'p/d/data', qos: got }]);
    },
  );

  it.each(['documented', 'mainland', 'intl'] as const)(
    'are delivered to the device itself in profile %s only with the rule ownPublishes',
    (profile) => {
      for (const ownPublishes of [PROFILES[profile].ownPublishes, 'echoed'] as const) {
        const rig = new HubRig({ ...PROFILES[profile], routing: 'other devices too', keepAliveSMin: 0, ownPublishes });
        const client = rig.connect('c');
        rig.subscribe(client, 'p/d/data');
        rig.publish(client, 'p/d/data');
        expect(rig.messagesTo(client)).toHaveLength(ownPublishes === 'echoed' ? 1 : 0);
      }
    },
  );

  it('of a device are delivered to other devices with a matching filter, and with the rule not to the device itself', () => {
    const rig = new HubRig({ routing: 'other devices too' });
    const [gateway, other] = [rig.connect('gw'), rig.connect('other')];
    rig.subscribe(gateway, '#');
    rig.subscribe(other, '#');
    rig.publish(gateway, 'p/d/data');
    expect(rig.messagesTo(other)).toHaveLength(1);
    expect(rig.messagesTo(gateway)).toEqual([]);
  });

  it('of a will are published when a connection breaks, and not after DISCONNECT, if the rule permits wills', () => {
    const rig = new HubRig({ wills: 'published', routing: 'other devices too' });
    const will = { topic: 'last', payload: new Uint8Array(), qos: 1, retain: false } as const;
    const watcher = rig.connect('watcher');
    rig.subscribe(watcher, 'last');
    rig.disconnect(rig.connect('polite', { will }));
    expect(rig.messagesTo(watcher)).toEqual([]);
    rig.cut(rig.connect('broken', { will }));
    expect(rig.messagesTo(watcher)).toHaveLength(1);
  });
});
