/** The hub's limits, its credentials, its gateway operations, and what goes wrong on order. */
import { describe, expect, it, test } from 'vitest';
import { credentialCode } from '../../src/bench/hub/credentials.ts';
import { INTL, MAINLAND } from '../../src/bench/hub/rules.ts';
import type { Connect } from '../../src/codec/mqtt.ts';
import { HubRig } from './bench-hub-rig.ts';

const SECOND_MS = 1000;

describe('limits', () => {
  it('a CONNECT sooner than 5 s after the last one is closed, or refused with a code; at 5 s it is let in', () => {
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
  ])('profile %s: a keep alive is in range or refused: %#', (_profile, rules, keepAliveS, returnCode) => {
    const rig = new HubRig(rules);
    expect(rig.connack(rig.connect('gw', { keepAliveS }))).toMatchObject({ returnCode });
  });

  it('more uplinks in a second than allowed are dropped without PUBACK; the connection stays', () => {
    const rig = new HubRig({ uplinksPerS: 20 });
    const connection = rig.connect('gw');
    for (let packetId = 1; packetId <= 25; packetId += 1) rig.publish(connection, 'p/d/event', { packetId });
    expect(rig.arrivals).toHaveLength(20);
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(20);
    rig.advance(SECOND_MS);
    rig.publish(connection, 'p/d/event');
    expect(rig.arrivals).toHaveLength(21);
  });

  it('a payload over 16 KB is dropped without PUBACK; one of 16 KB is not', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/event', { packetId: 1, payload: new Uint8Array(16_385) });
    rig.publish(connection, 'p/d/event', { packetId: 2, payload: new Uint8Array(16_384) });
    expect(rig.arrivals).toHaveLength(1);
    expect(rig.sentTo(connection).slice(1)).toEqual([{ kind: 'puback', packetId: 2 }]);
    expect(rig.ended.has(connection)).toBe(false);
  });

  it('a topic without permission never gets a PUBACK; the connection stays', () => {
    const rig = new HubRig({ mutedTopics: ['p/+/secret'] });
    const connection = rig.connect('gw');
    rig.publish(connection, 'p/d/secret', { packetId: 1 });
    rig.publish(connection, 'p/d/event', { packetId: 2 });
    expect(rig.arrivals.map(({ topic }) => topic)).toEqual(['p/d/event']);
    expect(rig.sentTo(connection).slice(1)).toEqual([{ kind: 'puback', packetId: 2 }]);
  });

  it('a filter without permission gets 0x80, as do filters beyond one per SUBSCRIBE and beyond the most a device may have', () => {
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
});

describe('credentials', () => {
  // Vectors computed by hand from the documented algorithm: secret, user name, password.
  const secrets = new Map([['ABCDEFGHIJgw-01', 'AAECAwQFBgcICQoLDA0ODw==']]);
  const username = 'ABCDEFGHIJgw-01;12010126;A1B2C;1735689600';
  const sha256 = 'b6802338409ef9411e2c6d0363656455a8ebb42540760aefb67c5bd38434e7b0;hmacsha256';
  const sha1 = 'd0249149a767f0ae6819828848a2bef33469b226;hmacsha1';
  const beforeMs = 1_735_689_600_000;

  function code(fields: { clientId?: string; username?: string; password?: string; wallMs?: number }): number {
    const connect: Connect = {
      kind: 'connect',
      clientId: fields.clientId ?? 'ABCDEFGHIJgw-01',
      cleanSession: false,
      keepAliveS: 60,
      username: fields.username ?? username,
      password: new TextEncoder().encode(fields.password ?? sha256),
      will: undefined,
    };
    return credentialCode(connect, secrets, fields.wallMs ?? beforeMs);
  }

  test.each([
    ['HMAC-SHA256 is taken', {}, 0],
    ['HMAC-SHA1 is taken', { password: sha1 }, 0],
    ['a digit changed is refused', { password: sha256.replace('b6', 'b7') }, 4],
    ['an upper-case token is refused', { password: sha256.replace('b6802338409ef', 'B6802338409EF') }, 4],
    ['a token under the name of the other method is refused', { password: sha256.replace('sha256', 'sha1') }, 4],
    ['no password is refused', { password: '' }, 4],
    ['no user name is refused', { username: '' }, 4],
    ['the user name of another device is refused', { username: username.replace('gw-01', 'gw-02') }, 4],
    ['an expired signature is refused', { wallMs: beforeMs + 1 }, 4],
    ['a device nobody knows is refused with another code', { clientId: 'ABCDEFGHIJgw-02' }, 3],
  ])('%s', (_name, fields, returnCode) => {
    expect(code(fields)).toBe(returnCode);
  });

  it('are asked for in CONNECT, and a refusal leaves no session', () => {
    const rig = new HubRig({ credentials: secrets }, beforeMs);
    const refused = rig.connect('ABCDEFGHIJgw-01', { username, password: new TextEncoder().encode('no') });
    expect(rig.connack(refused)).toMatchObject({ returnCode: 4 });
    expect(rig.ended.has(refused)).toBe(true);
    expect(rig.session('ABCDEFGHIJgw-01')).toBeUndefined();
    const admitted = rig.connect('ABCDEFGHIJgw-01', { username, password: new TextEncoder().encode(sha256) });
    expect(rig.connack(admitted)).toMatchObject({ returnCode: 0 });
  });
});

describe('gateway operations', () => {
  const REQUEST = '$gateway/operation/GP/gd';
  const DEVICES = [
    { product_id: 'SP', device_name: 'one' },
    { product_id: 'SP', device_name: 'two' },
  ];

  function gatewayRig(rules: ConstructorParameters<typeof HubRig>[0] = {}): { rig: HubRig; connection: number } {
    const rig = new HubRig(rules);
    const connection = rig.connect('GPgd');
    rig.subscribe(connection, '$gateway/operation/result/GP/gd');
    return { rig, connection };
  }

  function ask(rig: HubRig, connection: number, request: unknown): void {
    const payload = new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request));
    rig.publish(connection, REQUEST, { payload });
  }

  it('online and offline are acknowledged, answered with result 0 on the result topic, and seen', () => {
    const { rig, connection } = gatewayRig();
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(['SP/one', 'SP/two']);
    ask(rig, connection, { type: 'offline', payload: { devices: DEVICES.slice(0, 1) } });
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(['SP/two']);
    expect(rig.messagesTo(connection).map(({ topic, text }) => [topic, JSON.parse(text)])).toEqual([
      [
        '$gateway/operation/result/GP/gd',
        { type: 'online', payload: { devices: DEVICES.map((each) => ({ ...each, result: 0 })) } },
      ],
      ['$gateway/operation/result/GP/gd', { type: 'offline', payload: { devices: [{ ...DEVICES[0], result: 0 }] } }],
    ]);
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(2);
    expect(rig.arrivals).toEqual([]);
  });

  it('online twice is answered with result 0 twice', () => {
    const { rig, connection } = gatewayRig();
    for (let time = 0; time < 2; time += 1) ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.messagesTo(connection)).toHaveLength(2);
    expect(rig.session('GPgd')?.subdevicesOnline).toHaveLength(2);
  });

  test.each([
    [true, []],
    [false, ['SP/one', 'SP/two']],
  ])('subdevices go offline with the gateway, if the switch says so: %s', (subdevicesOfflineOnGatewayLoss, left) => {
    const { rig, connection } = gatewayRig({ subdevicesOfflineOnGatewayLoss });
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    rig.cut(connection);
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(left);
  });

  it('no more subdevices come online than a gateway may have', () => {
    const { rig, connection } = gatewayRig({ subdevicesPerGatewayMax: 1 });
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(['SP/one']);
    expect(rig.messagesTo(connection)[0]?.text).toContain('"result":-2');
  });

  it('on the topic of another gateway get no PUBACK', () => {
    const rig = new HubRig();
    const connection = rig.connect('XYz');
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.sentTo(connection)).toHaveLength(1);
  });

  test.each([
    '',
    'no json',
    '[]',
    '{"type":"online"}',
    '{"type":"online","payload":{"devices":[7]}}',
    '{"__proto__":1}',
  ])('with the payload %j get a PUBACK and no answer', (payload) => {
    const { rig, connection } = gatewayRig();
    ask(rig, connection, payload);
    expect(rig.sentTo(connection).at(-1)).toMatchObject({ kind: 'puback' });
    expect(rig.messagesTo(connection)).toEqual([]);
  });
});
