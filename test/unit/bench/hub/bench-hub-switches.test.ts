/** Rules for the messages of a session where the documents say nothing: each value of each rule. */
import { describe, expect, it, test } from 'vitest';
import type { HubRules } from '../../../../src/bench/hub/bench-rules.ts';
import { HOUR_MS, HubRig } from './bench-hub-rig.ts';

const SECOND_MS = 1000;

/** Returns a hub with a disconnected gateway: `u1` and `u2` are unacknowledged, `s1` and `s2` are stored. */
function awayRig(rules: Partial<HubRules>): HubRig {
  const rig = new HubRig(rules);
  const connection = rig.connect('gw');
  rig.subscribe(connection, 'p/d/control');
  for (const text of ['u1', 'u2']) rig.fromApplication('p/d/control', text);
  rig.cut(connection);
  for (const text of ['s1', 's2']) rig.fromApplication('p/d/control', text);
  return rig;
}

function replayOf(rig: HubRig, connection: number): [string, number][] {
  return rig.messagesTo(connection).map(({ text, atMs }) => [text, atMs]);
}

describe('after a resume', () => {
  test.each<[HubRules['unacknowledged'], [string, number][]]>([
    [
      'at once',
      [
        ['u1', 0],
        ['u2', 0],
        ['s1', 0],
        ['s2', 500],
      ],
    ],
    [
      'paced',
      [
        ['u1', 0],
        ['u2', 500],
        ['s1', 1000],
        ['s2', 1500],
      ],
    ],
    [
      'after stored',
      [
        ['s1', 0],
        ['s2', 500],
        ['u1', 1000],
        ['u2', 1500],
      ],
    ],
  ])('unacknowledged messages are sent again: %s', (unacknowledged, expected) => {
    const rig = awayRig({ unacknowledged });
    const connection = rig.connect('gw');
    rig.advance(10 * SECOND_MS);
    expect(replayOf(rig, connection)).toEqual(expected);
  });

  it('messages that are sent again after the stored ones are sent even if they fill the window', () => {
    const rig = awayRig({ unacknowledged: 'after stored', inFlightMax: 2 });
    const connection = rig.connect('gw');
    rig.advance(10 * SECOND_MS);
    expect(replayOf(rig, connection)).toEqual([
      ['u1', 0],
      ['u2', 500],
    ]);
    for (const { packetId } of rig.messagesTo(connection)) rig.acknowledge(connection, packetId ?? 0);
    rig.advance(10 * SECOND_MS);
    expect(replayOf(rig, connection).map(([text]) => text)).toEqual(['u1', 'u2', 's1', 's2']);
  });

  it('a message that is acknowledged before its repetition is not sent again', () => {
    const rig = awayRig({ unacknowledged: 'paced' });
    const connection = rig.connect('gw');
    rig.acknowledge(connection, 2);
    rig.advance(10 * SECOND_MS);
    expect(replayOf(rig, connection)).toEqual([
      ['u1', 0],
      ['s1', 500],
      ['s2', 1000],
    ]);
  });

  test.each<[HubRules['resentAs'], boolean, boolean]>([
    ['duplicates', true, true],
    ['without DUP', false, true],
    ['new messages', false, false],
  ])('they are sent as %s', (resentAs, dup, isSameId) => {
    const rig = awayRig({ resentAs });
    const messages = rig.messagesTo(rig.connect('gw')).slice(0, 2);
    expect(messages.map((message) => [message.text, message.dup])).toEqual([
      ['u1', dup],
      ['u2', dup],
    ]);
    expect(messages.map(({ packetId }) => packetId)).toEqual(isSameId ? [1, 2] : [3, 4]);
  });

  it('they keep the order of their first sending after several repetitions and with new identifiers', () => {
    const rig = awayRig({ resentAs: 'new messages', unacknowledged: 'paced' });
    rig.cut(rig.connect('gw')); // `u1` was sent again, `u2` was not
    const connection = rig.connect('gw');
    rig.advance(SECOND_MS);
    expect(replayOf(rig, connection).map(([text]) => text)).toEqual(['u1', 'u2', 's1']);
  });

  it('a missing PUBACK stops a replay paced by PUBACK only for the configured time', () => {
    const rig = awayRig({ replayPacing: 'acknowledgement', replayStallMsMax: 3 * SECOND_MS });
    const connection = rig.connect('gw');
    rig.advance(10 * SECOND_MS);
    expect(replayOf(rig, connection).slice(2)).toEqual([
      ['s1', 0],
      ['s2', 3000],
    ]);
  });
});

describe('within a connection', () => {
  it('a message without PUBACK is sent again with DUP after the configured time, until it is acknowledged', () => {
    const rig = new HubRig({ retransmitMs: 20 * SECOND_MS });
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    rig.fromApplication('p/d/control', 'm');
    rig.advance(45 * SECOND_MS);
    rig.acknowledge(connection, 1);
    rig.advance(60 * SECOND_MS);
    const sent = rig.messagesTo(connection).map(({ atMs, dup, packetId }) => [atMs, dup, packetId]);
    expect(sent).toEqual([
      [0, false, 1],
      [20_000, true, 1],
      [40_000, true, 1],
    ]);
  });

  it('nothing is sent again by default', () => {
    const rig = new HubRig();
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    rig.fromApplication('p/d/control', 'm');
    rig.advance(HOUR_MS);
    expect(rig.messagesTo(connection)).toHaveLength(1);
  });
});

describe('the store', () => {
  test.each<[HubRules['storedMaxCounts'], number]>([
    ['stored', 3],
    ['stored and unacknowledged', 1],
  ])('of 3 counts messages that are %s', (storedMaxCounts, stored) => {
    const rig = awayRig({ storedMax: 3, storedMaxCounts, overflow: 'newest' });
    for (const text of ['s3', 's4']) rig.fromApplication('p/d/control', text);
    expect(rig.session('gw')).toMatchObject({ inFlight: 2, stored, dropped: 4 - stored });
  });

  test.each<[HubRules['storedAgeFrom'], number]>([
    ['arrival', 1],
    ['disconnection', 0],
  ])('counts the age of a message from its %s, and the expired messages', (storedAgeFrom, stored) => {
    const rig = new HubRig({ storedAgeFrom, storedHoursMax: 1 });
    const connection = rig.connect('gw');
    rig.subscribe(connection, 'p/d/control');
    rig.cut(connection);
    rig.advance(HOUR_MS / 2);
    rig.fromApplication('p/d/control', 'm');
    rig.advance(HOUR_MS / 2 + 1);
    expect(rig.session('gw')).toMatchObject({ stored, expired: 1 - stored });
  });

  it('shows the unacknowledged and the stored messages', () => {
    const rig = awayRig({});
    const texts = (messages: readonly { payload: Uint8Array }[] | undefined): string[] =>
      (messages ?? []).map(({ payload }) => new TextDecoder().decode(payload));
    const owed = rig.machine.messages('gw', rig.nowMs);
    expect([texts(owed?.inFlight), texts(owed?.stored)]).toEqual([
      ['u1', 'u2'],
      ['s1', 's2'],
    ]);
    expect(rig.machine.messages('unknown', rig.nowMs)).toBeUndefined();
  });
});
