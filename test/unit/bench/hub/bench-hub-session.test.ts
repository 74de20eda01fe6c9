/** Persistent session: one test for each documented statement, and one for each rule. */
import { describe, expect, it, test } from 'vitest';
import { HubSession } from '../../../../src/bench/hub/client-session.ts';
import { HOUR_MS, HubRig, RELAXED } from './bench-hub-rig.ts';

const SECOND_MS = 1000;
const GATEWAY = 'gw';

/** Returns a hub with a subscribed, disconnected gateway and `count` messages stored for it. */
function rigWithStored(count: number, rules: ConstructorParameters<typeof HubRig>[0] = {}): HubRig {
  const rig = new HubRig(rules);
  const connection = rig.connect(GATEWAY);
  rig.subscribe(connection, 'p/d/control');
  rig.disconnect(connection);
  for (let number = 1; number <= count; number += 1) rig.fromApplication('p/d/control', `m${number}`);
  return rig;
}

function textsTo(rig: HubRig, connection: number): string[] {
  return rig.messagesTo(connection).map(({ text }) => text);
}

describe('the persistent session', () => {
  it('is created by CONNECT with clean session 0, and CONNACK has session present 0', () => {
    const rig = new HubRig();
    expect(rig.connack(rig.connect(GATEWAY))).toMatchObject({ returnCode: 0, sessionPresent: false });
    expect(rig.session(GATEWAY)).toMatchObject({ isConnected: true });
  });

  it('is resumed by the client id, and CONNACK has session present 1', () => {
    const rig = new HubRig();
    rig.disconnect(rig.connect(GATEWAY));
    expect(rig.connack(rig.connect('another'))).toMatchObject({ sessionPresent: false });
    expect(rig.connack(rig.connect(GATEWAY))).toMatchObject({ sessionPresent: true });
  });

  it('keeps its subscriptions', () => {
    const rig = new HubRig();
    const first = rig.connect(GATEWAY);
    rig.subscribe(first, 'p/d/control');
    rig.cut(first);
    const second = rig.connect(GATEWAY);
    rig.fromApplication('p/d/control', 'hello');
    expect(textsTo(rig, second)).toEqual(['hello']);
  });

  it('sends unacknowledged QoS 1 messages again on resume, with their packet identifiers, DUP, and in order', () => {
    const rig = new HubRig();
    const first = rig.connect(GATEWAY);
    rig.subscribe(first, 'p/d/control');
    for (const text of ['a', 'b', 'c']) rig.fromApplication('p/d/control', text);
    const [a, b, c] = rig.messagesTo(first);
    rig.acknowledge(first, b?.packetId ?? 0);
    rig.cut(first);
    const second = rig.connect(GATEWAY);
    expect(rig.messagesTo(second)).toMatchObject([
      { text: 'a', dup: true, packetId: a?.packetId, atMs: 0 },
      { text: 'c', dup: true, packetId: c?.packetId, atMs: 0 },
    ]);
    expect([a?.dup, b?.dup, c?.dup]).toEqual([false, false, false]);
  });

  it('sends stored messages one after the other every 500 ms, after the unacknowledged ones', () => {
    const rig = new HubRig();
    const first = rig.connect(GATEWAY);
    rig.subscribe(first, 'p/d/control');
    rig.fromApplication('p/d/control', 'unacknowledged');
    rig.cut(first);
    for (const text of ['a', 'b', 'c']) rig.fromApplication('p/d/control', text);
    const second = rig.connect(GATEWAY);
    rig.advance(10 * SECOND_MS);
    expect(rig.messagesTo(second).map(({ text, atMs, dup }) => ({ text, atMs, dup }))).toEqual([
      { text: 'unacknowledged', atMs: 0, dup: true },
      { text: 'a', atMs: 0, dup: false },
      { text: 'b', atMs: 500, dup: false },
      { text: 'c', atMs: 1000, dup: false },
    ]);
  });

  it('delivers 150 stored messages in 74.5 s', () => {
    const rig = rigWithStored(150, { inFlightMax: 200 });
    const connection = rig.connect(GATEWAY);
    rig.advance(60 * 60 * SECOND_MS);
    const messages = rig.messagesTo(connection);
    expect(messages).toHaveLength(150);
    expect(messages.at(-1)?.atMs).toBe(149 * 500);
  });

  it('stores only messages with QoS 1', () => {
    const rig = rigWithStored(0);
    rig.fromApplication('p/d/control', 'QoS 0', 0);
    rig.fromApplication('p/d/control', 'QoS 1', 1);
    const connection = rig.connect(GATEWAY);
    rig.advance(SECOND_MS);
    expect(textsTo(rig, connection)).toEqual(['QoS 1']);
  });

  it('stores nothing for a subscription with QoS 0', () => {
    const rig = new HubRig();
    const connection = rig.connect(GATEWAY);
    rig.subscribe(connection, 'p/d/control', 0);
    rig.disconnect(connection);
    rig.fromApplication('p/d/control', 'lost');
    expect(rig.stored(GATEWAY)).toBe(0);
  });

  test.each([
    ['oldest', 'm3', 'm152'],
    ['newest', 'm1', 'm150'],
  ] as const)(
    'stores at most 150 messages per device; with overflow %s, %s is the first and %s the last of them',
    (overflow, first, last) => {
      const rig = rigWithStored(152, { overflow, replayIntervalMs: 0, inFlightMax: 200 });
      expect(rig.stored(GATEWAY)).toBe(150);
      const texts = textsTo(rig, rig.connect(GATEWAY));
      expect(texts).toHaveLength(150);
      expect([texts[0], texts.at(-1)]).toEqual([first, last]);
    },
  );

  it('stores each message for at most 24 h from its arrival', () => {
    const rig = rigWithStored(1, { sessionHoursMax: 48 });
    rig.advance(HOUR_MS);
    rig.fromApplication('p/d/control', 'one hour later');
    rig.advance(23 * HOUR_MS);
    expect(rig.stored(GATEWAY)).toBe(2);
    rig.advance(1);
    expect(rig.stored(GATEWAY)).toBe(1);
    expect(textsTo(rig, rig.connect(GATEWAY))).toEqual(['one hour later']);
  });

  it('ends with CONNECT with clean session 1, and its messages are deleted', () => {
    const rig = rigWithStored(3);
    const clean = rig.connect(GATEWAY, { cleanSession: true });
    rig.advance(10 * SECOND_MS);
    expect(rig.connack(clean)).toMatchObject({ sessionPresent: false });
    expect(rig.messagesTo(clean)).toEqual([]);
    rig.disconnect(clean);
    expect(rig.session(GATEWAY)).toBeUndefined();
    expect(rig.connack(rig.connect(GATEWAY))).toMatchObject({ sessionPresent: false });
  });

  it('is kept for 24 h after DISCONNECT, and not longer', () => {
    for (const [ms, sessionPresent] of [
      [24 * HOUR_MS, true],
      [24 * HOUR_MS + 1, false],
    ] as const) {
      const rig = rigWithStored(0);
      rig.advance(ms);
      expect(rig.connack(rig.connect(GATEWAY))).toMatchObject({ sessionPresent });
    }
  });

  it('is kept for 24 h after the keep alive ran out, and not longer', () => {
    for (const [ms, sessionPresent] of [
      [24 * HOUR_MS, true],
      [24 * HOUR_MS + 1, false],
    ] as const) {
      const rig = new HubRig();
      const connection = rig.connect(GATEWAY, { keepAliveS: 60 });
      rig.advance(90 * SECOND_MS);
      expect(rig.ended.get(connection)).toBe('keep alive ran out');
      rig.advance(ms);
      expect(rig.connack(rig.connect(GATEWAY))).toMatchObject({ sessionPresent });
    }
  });

  it('does not end while the client is connected', () => {
    const rig = new HubRig();
    rig.connect(GATEWAY);
    rig.advance(1000 * HOUR_MS);
    expect(rig.connack(rig.connect(GATEWAY))).toMatchObject({ sessionPresent: true });
  });

  it('never uses a packet identifier that is still in flight, also after all 65535 were used [MQTT-2.3.1-4]', () => {
    const session = new HubSession({ clientId: GATEWAY, isClean: false }, RELAXED, 0);
    session.subscriptions.add({ filter: '#', qos: 1 }, 0);
    session.attach(1, 0);
    const nextId = (): number => {
      const offered = session.offer({ topic: 't', payload: new Uint8Array(), qos: 1 }, 0);
      return offered.kind === 'sent' ? (offered.packet.packetId ?? 0) : 0;
    };
    const held = nextId();
    for (let number = 2; number <= 65_535; number += 1) session.acknowledge(nextId(), 0);
    expect(held).toBe(1);
    expect(nextId()).toBe(2);
  });
});

describe('a rule where the documents say nothing', () => {
  it('sends the next stored message after the PUBACK: a missing PUBACK stops the others', () => {
    const rig = rigWithStored(3, { replayPacing: 'acknowledgement' });
    const connection = rig.connect(GATEWAY);
    rig.advance(20 * SECOND_MS);
    expect(textsTo(rig, connection)).toEqual(['m1']);
    rig.acknowledge(connection, rig.messagesTo(connection)[0]?.packetId ?? 0);
    rig.advance(20 * SECOND_MS);
    expect(rig.messagesTo(connection).map(({ text, atMs }) => [text, atMs])).toEqual([
      ['m1', 0],
      ['m2', 20_500],
    ]);
  });

  it('sends live messages after the replay', () => {
    const rig = rigWithStored(3, { liveMessages: 'behind replay' });
    const connection = rig.connect(GATEWAY);
    rig.fromApplication('p/d/control', 'live');
    rig.advance(10 * SECOND_MS);
    expect(textsTo(rig, connection)).toEqual(['m1', 'm2', 'm3', 'live']);
  });

  it('sends live messages during the replay', () => {
    const rig = rigWithStored(3, { liveMessages: 'interleaved' });
    const connection = rig.connect(GATEWAY);
    rig.fromApplication('p/d/control', 'live');
    rig.advance(10 * SECOND_MS);
    expect(textsTo(rig, connection)).toEqual(['m1', 'live', 'm2', 'm3']);
  });

  it('has at most that number of messages in flight, and continues after a PUBACK', () => {
    const rig = new HubRig({ inFlightMax: 2 });
    const connection = rig.connect(GATEWAY);
    rig.subscribe(connection, 'p/d/control');
    for (const text of ['a', 'b', 'c', 'd', 'e']) rig.fromApplication('p/d/control', text);
    expect(textsTo(rig, connection)).toEqual(['a', 'b']);
    rig.acknowledge(connection, rig.messagesTo(connection)[0]?.packetId ?? 0);
    expect(textsTo(rig, connection)).toEqual(['a', 'b', 'c']);
    // Messages that waited when the connection broke are stored, and sent at the same pace as the others.
    rig.cut(connection);
    const second = rig.connect(GATEWAY);
    for (const { packetId } of rig.messagesTo(second)) rig.acknowledge(second, packetId ?? 0);
    rig.advance(SECOND_MS);
    expect(rig.messagesTo(second).map(({ text, atMs }) => [text, atMs])).toEqual([
      ['b', 0],
      ['c', 0],
      ['d', 0],
      ['e', 500],
    ]);
  });
});
