/** Faults of the bench hub, by command. */
import { describe, expect, it, test } from 'vitest';
import type { HubFaults } from '../../../../src/bench/hub/faults.ts';
import { HubRig } from './bench-hub-rig.ts';

const PING = { kind: 'pingreq' } as const;

describe('by command', () => {
  it('the hub rejects new connections, and keeps existing ones', () => {
    const rig = new HubRig();
    const old = rig.connect('old');
    rig.set({ reach: 'refuses' });
    expect(rig.ended.has(rig.open())).toBe(true);
    rig.send(old, PING);
    expect(rig.sentTo(old).at(-1)).toEqual({ kind: 'pingresp' });
  });

  it('the hub accepts TCP and never answers', () => {
    const rig = new HubRig();
    rig.set({ reach: 'mute' });
    const connection = rig.connect('gw');
    rig.advance(1e9);
    expect(rig.sentTo(connection)).toEqual([]);
    expect(rig.ended.has(connection)).toBe(false);
    rig.set({ reach: 'normal' });
    rig.send(connection, PING);
    expect(rig.sentTo(connection)).toEqual([]);
    expect(rig.connack(rig.connect('gw'))).toMatchObject({ returnCode: 0 });
  });

  it('on a half-open connection all packets are lost; the hub ends it after the keep alive, and the client is not informed', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw', { keepAliveS: 60 });
    rig.subscribe(connection, 'p/d/control');
    rig.set({ reach: 'half-open' });
    rig.publish(connection, 'p/d/event');
    rig.fromApplication('p/d/control', 'swallowed');
    expect(rig.arrivals).toEqual([]);
    expect(rig.messagesTo(connection)).toEqual([]);
    rig.advance(90_000);
    expect(rig.session('gw')).toMatchObject({ isConnected: false, inFlight: 1 });
    expect(rig.ended.has(connection)).toBe(false);
    rig.cut(connection);
    rig.set({ reach: 'normal' });
    expect(rig.messagesTo(rig.connect('gw'))).toMatchObject([{ text: 'swallowed', dup: true }]);
  });

  it('all connections are dropped, silent ones too, and the sessions remain', () => {
    const rig = new HubRig();
    const connections = [rig.connect('one'), rig.connect('two')];
    rig.set({ reach: 'half-open' });
    rig.command({ kind: 'dropConnections' });
    expect(connections.map((connection) => rig.ended.has(connection))).toEqual([true, true]);
    expect(rig.session('one')).toMatchObject({ isConnected: false });
  });

  it('PUBACKs are lost, and the messages arrive', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.set({ swallowsPubacks: true });
    rig.publish(connection, 'p/d/event', { packetId: 1 });
    rig.set({ swallowsPubacks: false });
    rig.publish(connection, 'p/d/event', { packetId: 2 });
    expect(rig.arrivals).toHaveLength(2);
    expect(rig.sentTo(connection).slice(1)).toEqual([{ kind: 'puback', packetId: 2 }]);
  });

  it('a session is deleted and its connection closed, and its client gets session present 0', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    rig.command({ kind: 'forgetSession', clientId: 'gw' });
    expect(rig.ended.has(connection)).toBe(true);
    const next = rig.connect('gw');
    expect(rig.connack(next)).toMatchObject({ sessionPresent: false });
    expect(rig.session('gw')?.subscriptions).toEqual([]);
  });

  test.each([
    ['always', [true, true]],
    ['never', [false, false]],
    ['truth', [false, true]],
  ] as const)('CONNACK reports the session as: %s', (sessionPresentClaim, expected) => {
    const rig = new HubRig();
    rig.set({ sessionPresentClaim });
    const flags = [rig.connect('gw'), rig.connect('gw')].map((connection) => rig.connack(connection)?.sessionPresent);
    expect(flags).toEqual(expected);
  });

  it('a false session present changes nothing: the session is resumed', () => {
    const rig = new HubRig();
    const first = rig.connect('gw');
    rig.subscribe(first, 'p/d/control');
    rig.disconnect(first);
    rig.fromApplication('p/d/control', 'stored');
    rig.set({ sessionPresentClaim: 'never' });
    expect(rig.messagesTo(rig.connect('gw'))).toMatchObject([{ text: 'stored' }]);
  });

  it('all packets are delayed in order, and a shorter delay does not change the order', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.set({ sendDelayMs: 300 });
    rig.publish(connection, 'p/d/event', { packetId: 1 });
    rig.set({ sendDelayMs: 0 });
    rig.publish(connection, 'p/d/event', { packetId: 2 });
    rig.advance(299);
    expect(rig.sentTo(connection)).toHaveLength(1);
    rig.advance(1);
    expect(rig.sentTo(connection).slice(1)).toEqual([1, 2].map((packetId) => ({ kind: 'puback', packetId })));
  });

  it('PUBACKs are lost for the named topics only', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.set({ swallowsPubacks: ['p/+/event'] });
    rig.publish(connection, 'p/d/event', { packetId: 1 });
    rig.publish(connection, 'p/d/data', { packetId: 2 });
    expect(rig.arrivals).toHaveLength(2);
    expect(rig.sentTo(connection).slice(1)).toEqual([{ kind: 'puback', packetId: 2 }]);
  });

  it('only the named client is disconnected, and its session remains', () => {
    const rig = new HubRig();
    const [kicked, other] = [rig.connect('one'), rig.connect('two')];
    rig.command({ kind: 'kick', clientId: 'one' });
    rig.command({ kind: 'kick', clientId: 'unknown' });
    expect([rig.ended.has(kicked), rig.ended.has(other)]).toEqual([true, false]);
    expect(rig.connack(rig.connect('one'))).toMatchObject({ sessionPresent: true });
  });

  it('the hub sends bytes that are not MQTT', () => {
    const rig = new HubRig();
    rig.connect('gw');
    expect(() => rig.command({ kind: 'sendGarbage', clientId: 'gw' })).toThrow('an invalid packet');
    rig.command({ kind: 'sendGarbage', clientId: 'unknown' });
  });

  it('each message on a poisoned topic ends the connection without PUBACK and arrival; others do not', () => {
    const rig = new HubRig();
    rig.set({ poison: ['p/+/alarm'] });
    for (let time = 0; time < 2; time += 1) {
      const connection = rig.connect('gw');
      rig.publish(connection, 'p/d/event');
      expect(rig.ended.has(connection)).toBe(false);
      rig.publish(connection, 'p/d/alarm');
      expect(rig.ended.has(connection)).toBe(true);
      expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(1);
    }
    expect(rig.arrivals.map(({ topic }) => topic)).toEqual(['p/d/event', 'p/d/event']);
  });

  it('a message on a poisoned topic is answered with bytes that are not MQTT', () => {
    const rig = new HubRig();
    rig.set({ poison: ['p/d/alarm'], poisonReaction: 'garbage' });
    const connection = rig.connect('gw');
    expect(() => rig.publish(connection, 'p/d/alarm')).toThrow('an invalid packet');
  });
});

describe('answers of services, by command', () => {
  const TOPIC = '$gateway/operation/GP/gd';

  function ask(rig: HubRig, connection: number, type: 'online' | 'offline'): void {
    const devices = [{ product_id: 'SP', device_name: 'one' }];
    rig.publish(connection, TOPIC, {
      payload: new TextEncoder().encode(JSON.stringify({ type, payload: { devices } })),
    });
  }

  function answersTo(rig: HubRig, connection: number): [unknown, number][] {
    return rig.messagesTo(connection).map(({ text, atMs }) => [(JSON.parse(text) as { type: unknown }).type, atMs]);
  }

  function gatewayRig(faults: Partial<HubFaults>): { rig: HubRig; connection: number } {
    const rig = new HubRig();
    const connection = rig.connect('GPgd');
    rig.subscribe(connection, '$gateway/operation/result/GP/gd');
    rig.set(faults);
    ask(rig, connection, 'online');
    ask(rig, connection, 'offline');
    rig.advance(30_000);
    return { rig, connection };
  }

  test.each<[HubFaults['answers'], [string, number][]]>([
    [
      'prompt',
      [
        ['online', 0],
        ['offline', 0],
      ],
    ],
    [
      'late',
      [
        ['online', 20_000],
        ['offline', 20_000],
      ],
    ],
    ['stale', [['online', 0]]],
    ['missing', []],
  ])('are %s', (answers, expected) => {
    const { rig, connection } = gatewayRig({ answers, answerDelayMs: 20_000 });
    expect(answersTo(rig, connection)).toEqual(expected);
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(2);
  });

  it('that are late are stored for a gateway that is away, and arrive in its next connection', () => {
    const rig = new HubRig();
    const connection = rig.connect('GPgd');
    rig.subscribe(connection, '$gateway/operation/result/GP/gd');
    rig.set({ answers: 'late', answerDelayMs: 20_000 });
    ask(rig, connection, 'online');
    rig.cut(connection);
    rig.advance(20_000);
    expect(answersTo(rig, rig.connect('GPgd'))).toEqual([['online', 20_000]]);
  });
});
