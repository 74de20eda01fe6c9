/** Limits of the hub, and the rules for their violation where the documents say nothing. */
import { describe, expect, it, test } from 'vitest';
import { INTL, MAINLAND } from '../../../../src/bench/hub/bench-rules.ts';
import { HubRig } from './bench-hub-rig.ts';

const SECOND_MS = 1000;

describe('limits', () => {
  it('a CONNECT less than 5 s after the last one gets a close or a return code; after 5 s it is accepted', () => {
    const rig = new HubRig({ connectIntervalMs: MAINLAND.connectIntervalMs });
    rig.cut(rig.connect('gw'));
    rig.advance(4_999);
    const early = rig.connect('gw');
    expect(rig.ended.has(early)).toBe(true);
    expect(rig.connack(early)).toBeUndefined();
    rig.advance(1);
    expect(rig.connack(rig.connect('gw'))).toMatchObject({ returnCode: 0 });

    const strict = new HubRig({ connectIntervalMs: 5000, connectTooSoon: 3 });
    strict.cut(strict.connect('gw'));
    expect(strict.connack(strict.connect('gw'))).toMatchObject({ returnCode: 3 });
    expect(strict.connack(strict.connect('another'))).toMatchObject({ returnCode: 0 });
  });

  test.each([
    ['mainland', MAINLAND, 59, 3],
    ['mainland', MAINLAND, 60, 0],
    ['mainland', MAINLAND, 850, 0],
    ['mainland', MAINLAND, 851, 3],
    ['mainland', MAINLAND, 0, 3],
    ['intl', INTL, 0, 0],
    ['intl', INTL, 900, 0],
    ['intl', INTL, 901, 3],
  ])('profile %s: a keep alive out of range is rejected: %#', (_profile, rules, keepAliveS, returnCode) => {
    const rig = new HubRig(rules);
    expect(rig.connack(rig.connect('gw', { keepAliveS }))).toMatchObject({ returnCode });
  });

  it('uplinks above the rate are dropped without PUBACK, and the connection remains', () => {
    const rig = new HubRig({ uplinksPerS: 20 });
    const connection = rig.connect('gw');
    for (let packetId = 1; packetId <= 25; packetId += 1) rig.publish(connection, 'p/d/event', { packetId });
    expect(rig.arrivals).toHaveLength(20);
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(20);
    rig.advance(SECOND_MS);
    rig.publish(connection, 'p/d/event');
    expect(rig.arrivals).toHaveLength(21);
  });

  it('a payload of more than 16 KB is dropped without PUBACK; one of 16 KB is accepted', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/event', { packetId: 1, payload: new Uint8Array(16_385) });
    rig.publish(connection, 'p/d/event', { packetId: 2, payload: new Uint8Array(16_384) });
    expect(rig.arrivals).toHaveLength(1);
    expect(rig.sentTo(connection).slice(1)).toEqual([{ kind: 'puback', packetId: 2 }]);
    expect(rig.ended.has(connection)).toBe(false);
  });

  it('a topic without permission never gets a PUBACK, and the connection remains', () => {
    const rig = new HubRig({ mutedTopics: ['p/+/secret'] });
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/secret', { packetId: 1 });
    rig.publish(connection, 'p/d/event', { packetId: 2 });
    expect(rig.arrivals.map(({ topic }) => topic)).toEqual(['p/d/event']);
    expect(rig.sentTo(connection).slice(1)).toEqual([{ kind: 'puback', packetId: 2 }]);
  });

  it('a filter without permission gets 0x80, and so does a second one of a SUBSCRIBE and one above the maximum of a device', () => {
    const rig = new HubRig({ forbiddenFilters: ['p/+/secret'], subscriptionsMax: 1 });
    const connection = rig.connect('gw');
    const lastCodes = (): unknown => rig.sentTo(connection).at(-1);
    rig.subscribe(connection, 'p/d/secret');
    expect(lastCodes()).toMatchObject({ returnCodes: [0x80] });
    const two = [
      { filter: 'a', qos: 1 },
      { filter: 'b', qos: 1 },
    ] as const;
    rig.send(connection, { kind: 'subscribe', packetId: 1, subscriptions: two });
    expect(lastCodes()).toMatchObject({ returnCodes: [1, 0x80] });
    rig.subscribe(connection, 'c');
    expect(lastCodes()).toMatchObject({ returnCodes: [0x80] });
    expect(rig.session('gw')?.subscriptions).toEqual([{ filter: 'a', qos: 1 }]);
  });

  it('uplinks above the rate close the connection if the rule says so', () => {
    const rig = new HubRig({ uplinksPerS: 2, uplinkOverRate: 'close' });
    const connection = rig.connect('gw');
    for (let packetId = 1; packetId <= 3; packetId += 1) rig.publish(connection, 'p/d/event', { packetId });
    expect(rig.arrivals).toHaveLength(2);
    expect(rig.ended.get(connection)).toContain('more than 2 messages in a second');
  });

  test.each([
    ['stored', 'stored', ['m1', 'm2', 'm3', 'm4']],
    ['lost', 'lost', ['m1', 'm2', 'm4']],
  ] as const)('a downlink above the rate is %s', (downlinkOverRate, kind, texts) => {
    const rig = new HubRig({ downlinksPerS: 2, downlinkOverRate });
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    for (const text of ['m1', 'm2', 'm3']) rig.fromApplication('p/d/control', text);
    expect(rig.messagesTo(connection)).toHaveLength(2);
    expect(rig.events.at(-1)).toMatchObject({ kind });
    rig.advance(SECOND_MS);
    rig.fromApplication('p/d/control', 'm4');
    expect(rig.messagesTo(connection).map(({ text }) => text)).toEqual(texts);
  });

  it('a QoS 0 downlink above the rate is lost under each rule', () => {
    const rig = new HubRig({ downlinksPerS: 1, downlinkOverRate: 'stored' });
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    for (const text of ['m1', 'm2']) rig.fromApplication('p/d/control', text, 0);
    rig.advance(10 * SECOND_MS);
    expect(rig.messagesTo(connection).map(({ text }) => text)).toEqual(['m1']);
  });

  test.each([
    ['mainland', MAINLAND, 6],
    ['intl', INTL, 10],
  ])(
    'profile %s: topics and filters are accepted up to 255 bytes and the limit of slashes, larger ones are not',
    (_profile, rules, slashes) => {
      const rig = new HubRig({ ...rules, connectIntervalMs: 0, keepAliveSMin: 0 });
      const connection = rig.connect('gw');
      const long = (bytes: number): string => `p/d/${'ä'.repeat((bytes - 5) / 2)}x`;
      for (const [topic, isServed] of [
        [`t${'/'.repeat(slashes)}`, true],
        [`t${'/'.repeat(slashes + 1)}`, false],
        [long(255), true],
        [long(257), false],
      ] as const) {
        const before = rig.arrivals.length;
        rig.publish(connection, topic);
        expect(rig.arrivals.length - before).toBe(isServed ? 1 : 0);
        rig.subscribe(connection, topic);
        expect(rig.sentTo(connection).at(-1)).toMatchObject({ returnCodes: [isServed ? 1 : 0x80] });
      }
    },
  );

  test.each([
    [0, ['early', 'late']],
    [5000, ['late']],
  ])('a subscription takes effect %i ms after its SUBACK, and a repeated one at once', (subscribeDelayMs, texts) => {
    const rig = new HubRig({ subscribeDelayMs });
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    rig.advance(4999);
    rig.fromApplication('p/d/control', 'early');
    rig.advance(1);
    rig.subscribe(connection, 'p/d/control');
    rig.fromApplication('p/d/control', 'late');
    expect(rig.messagesTo(connection).map(({ text }) => text)).toEqual(texts);
  });

  test.each([
    ['close', true, 0, 0],
    ['ignored', false, 0, 0],
    ['downgraded', false, 1, 1],
  ] as const)('a QoS 2 PUBLISH: %s', (qos2, isClosed, arrivals, pubacks) => {
    const rig = new HubRig({ qos2 });
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/event', { qos: 2 });
    expect(rig.ended.has(connection)).toBe(isClosed);
    expect(rig.arrivals).toHaveLength(arrivals);
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(pubacks);
  });

  test.each([
    ['close', true, 0],
    ['ignored', false, 1],
  ] as const)('the RETAIN flag: %s', (retain, isClosed, arrivals) => {
    const rig = new HubRig({ retain });
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/event', { retain: true });
    expect(rig.ended.has(connection)).toBe(isClosed);
    expect(rig.arrivals).toHaveLength(arrivals);
  });
});
