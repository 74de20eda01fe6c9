import { describe, expect, it } from 'vitest';
import { actOf } from '../../../src/outbox/hub-packet.ts';
import type { Sending } from '../../../src/outbox/outbox-contract.ts';
import { LIMITS, OutboxBench, topicsOf } from './outbox-rig.ts';

/** Hub that closes on topics beginning with `poison`, and accepts the earlier messages of the same connection. */
class Closer {
  readonly bench: OutboxBench;
  readonly deadLettered: string[] = [];
  readonly arrived: string[] = [];
  /** Source of the close; without it no packet is suspected. */
  isToldOf = true;
  /** True if PUBACKs sent at the time of the close are lost (RST). */
  #losesPubacks: boolean;

  constructor(bench: OutboxBench, losesPubacks = false) {
    this.bench = bench;
    this.#losesPubacks = losesPubacks;
  }

  /** One connection, up to 10 min. @returns true if the hub closed it */
  connection(): boolean {
    const { bench } = this;
    bench.connect();
    bench.nowMs += 10;
    bench.outbox.poison.onReceived(bench.nowMs);
    const endMs = bench.nowMs + 600_000;
    while (bench.nowMs < endMs) {
      const sent = bench.send();
      bench.nowMs += 20;
      if (this.#take(sent)) return true;
      if (sent.length === 0) bench.nowMs = bench.outbox.poison.wakeAtMs(bench.nowMs) ?? endMs;
    }
    bench.disconnect();
    return false;
  }

  /** Connects until a connection lasts. @returns number of closed connections */
  settle(): number {
    for (let count = 1; count <= 100; count += 1) if (!this.connection()) return count;
    throw new Error('every connection was closed');
  }

  #take(sent: readonly Sending[]): boolean {
    const poison = sent.findIndex(({ entry }) => entry.row.topic.startsWith('poison'));
    const taken = poison === -1 ? sent : sent.slice(0, poison);
    if (poison === -1 || !this.#losesPubacks) {
      for (const { packetId, entry } of taken)
        if (this.bench.outbox.acknowledged(packetId) !== undefined) this.arrived.push(entry.row.topic);
    }
    if (poison === -1) return false;
    const verdict = this.bench.disconnect(this.isToldOf);
    if (verdict?.kind === 'deadLettered') this.deadLettered.push(`${verdict.entry.row.topic}: ${verdict.reason}`);
    this.bench.nowMs += 5000;
    return true;
  }
}

describe('a message on which the hub closes the connection', () => {
  it.each([false, true])(
    'becomes a dead letter, and all other messages arrive in order (PUBACKs lost: %s)',
    (losesPubacks) => {
      const others = ['a 1', 'b 1', 'a 2', 'c 1', 'c 2', 'd 1'];
      const bench = new OutboxBench().fill('a 1', 'b 1', 'poison', 'a 2', 'c 1', 'c 2', 'd 1');
      const hub = new Closer(bench, losesPubacks);
      const connections = hub.settle();
      expect(hub.deadLettered).toEqual(['poison: the hub closes the connection on it (4 times)']);
      expect(hub.arrived).toEqual(others);
      expect(connections).toBeLessThan(12);
      expect([bench.custodian.pending, bench.custodian.imbalance()]).toEqual([0, 0]);
    },
  );

  it('negative control: is sent first in every connection without suspicion', () => {
    const hub = new Closer(new OutboxBench().fill('poison', 'a'));
    hub.isToldOf = false;
    expect(() => hub.settle()).toThrow('every connection was closed');
    expect(hub.arrived).toEqual([]);
  });

  it('does not delay the others while it is suspected', () => {
    const bench = new OutboxBench().fill('poison', 'a', 'b', 'c');
    const hub = new Closer(bench);
    for (let count = 0; count < 3; count += 1) expect(hub.connection()).toBe(true);
    expect([hub.arrived, hub.deadLettered]).toEqual([['a', 'b', 'c'], []]);
  });

  it('delays the later ones on its topic, so that order is kept if it is accepted after all', () => {
    const bench = new OutboxBench().fill('poison', 'poison', 'a');
    const hub = new Closer(bench);
    for (let count = 0; count < 3; count += 1) hub.connection();
    bench.connect();
    bench.outbox.poison.onReceived(bench.nowMs);
    bench.nowMs += 60_000;
    const [first, ...more] = bench.send();
    expect([first?.entry.row.seq, first?.isSuspect, more]).toEqual([1, true, []]);
    bench.outbox.acknowledged(first?.packetId ?? 0);
    expect(bench.send().map(({ entry }) => entry.row.seq)).toEqual([2]);
  });

  it('is found together with another one, and one after the other on one topic', () => {
    const bench = new OutboxBench().fill('poison 1', 'a', 'poison 2', 'poison 2', 'b');
    const hub = new Closer(bench);
    hub.settle();
    expect(hub.deadLettered.map((line) => line.split(':')[0]).sort()).toEqual(['poison 1', 'poison 2', 'poison 2']);
    expect(hub.arrived).toEqual(['a', 'b']);
  });

  it('becomes no dead letter before it is on disk', () => {
    const bench = new OutboxBench({ attemptsMax: 1 }).connect();
    bench.offer('poison');
    bench.disconnect();
    const hub = new Closer(bench);
    for (let count = 0; count < 6; count += 1) hub.connection();
    expect([hub.deadLettered, bench.custodian.pending]).toEqual([[], 1]);
    bench.commit();
    hub.settle();
    expect(hub.deadLettered).toHaveLength(1);
  });
});

describe('a network that flaps', () => {
  /** Each connection carries for `lastsMs`, then ends, for any packets; PUBACKs take `answerMs`. */
  function flap(bench: OutboxBench, lastsMs: number, answerMs: number): void {
    const startMs = bench.nowMs;
    bench.connect();
    bench.nowMs += 10;
    bench.outbox.poison.onReceived(bench.nowMs);
    const flying: { readonly packetId: number; readonly dueMs: number }[] = [];
    for (; bench.nowMs < startMs + lastsMs; bench.nowMs += 10) {
      for (const { packetId } of bench.send()) flying.push({ packetId, dueMs: bench.nowMs + answerMs });
      while (flying[0] !== undefined && flying[0].dueMs <= bench.nowMs)
        bench.outbox.acknowledged(flying.shift()?.packetId ?? 0);
    }
    expect(bench.disconnect(true)?.kind).not.toBe('deadLettered');
    bench.nowMs += 1000;
  }

  it.each([
    ['always after the same short time', () => 100],
    ['always just before an answer could come', () => 2300],
    ['after longer and longer', (round: number) => 100 + 300 * round],
    ['now and then', (round: number) => (round * 7919) % 5000],
  ])('leads to no suspicion, if it ends connections %s', (_what, lastsMs) => {
    const bench = new OutboxBench().fill('a', 'b', 'c');
    for (let round = 0; round < 60; round += 1) flap(bench, lastsMs(round), 400);
    expect(bench.custodian.counts(1).dead).toBe(0);
    expect(new Closer(bench).settle()).toBe(1);
    expect([bench.custodian.pending, bench.custodian.counts(1).delivered]).toEqual([0, 3]);
  });

  it('leads to no suspicion by a close long after the message was sent', () => {
    const bench = new OutboxBench().fill('a');
    for (let round = 0; round < 20; round += 1) flap(bench, 9000, 9500);
    expect(bench.custodian.counts(1).dead).toBe(0);
  });

  it('clears a suspected packet by ending a connection without it', () => {
    const bench = new OutboxBench().fill('poison');
    const hub = new Closer(bench);
    for (let count = 0; count < 4; count += 1) hub.connection();
    bench.connect();
    expect(bench.disconnect(true)).toBeUndefined();
    bench.connect();
    expect(topicsOf(bench.send())).toEqual(['poison']);
  });

  it('leaves a topic without PUBACKs to its own rule: a packet that the connection survived did not cause a close', () => {
    const bench = new OutboxBench().fill('muted', 'a', 'b');
    for (let count = 0; count < 2; count += 1) {
      bench.connect().send();
      bench.disconnect(true);
    }
    bench.connect();
    bench.outbox.poison.onReceived(bench.nowMs);
    for (let count = 0; count < 8; count += 1) {
      bench.nowMs += LIMITS.pubackMsMax;
      for (const { packetId, entry } of bench.send())
        if (entry.row.topic !== 'muted') bench.outbox.acknowledged(packetId);
      bench.outbox.giveUp(bench.nowMs);
    }
    expect([bench.outbox.poison.isTroubled, bench.custodian.counts(1)]).toMatchObject([
      false,
      { delivered: 2, dead: 1 },
    ]);
  });

  it('a close by the gateway itself leads to no suspicion', () => {
    const bench = new OutboxBench().fill('a');
    for (let count = 0; count < 10 * LIMITS.attemptsMax; count += 1) {
      bench.connect().send();
      expect(bench.disconnect()).toBeUndefined();
    }
  });
});

it('a lane that waits for messages that are sent alone gets its turn when they are answered', () => {
  const bench = new OutboxBench().fill('first', 'second');
  bench.connect().send();
  bench.disconnect(true);
  bench.offer('behind', { lane: 2 });
  bench.commit();
  bench.connect();
  const { poison } = bench.outbox;
  poison.sent(actOf('QoS 0 uplink', 'quick'), bench.nowMs);
  expect(bench.send()).toEqual([]);
  poison.pinged();
  poison.ponged(bench.nowMs);
  const arrived: string[] = [];
  for (let sent = bench.send(); sent.length > 0; sent = bench.send()) {
    arrived.push(...topicsOf(sent));
    for (const { packetId } of sent) bench.outbox.acknowledged(packetId);
  }
  expect(arrived).toEqual(['first', 'second', 'behind']);
});
