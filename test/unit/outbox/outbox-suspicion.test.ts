import { describe, expect, it } from 'vitest';
import { actOf } from '../../../src/outbox/hub-packet.ts';
import type { Sending } from '../../../src/outbox/outbox-contract.ts';
import { LIMITS, OutboxBench, topicsOf } from './outbox-rig.ts';

/** A hub that closes on topics beginning with `poison`, and takes what came before on the same connection. */
class Closer {
  readonly bench: OutboxBench;
  readonly buried: string[] = [];
  readonly arrived: string[] = [];
  /** Whose hands the close was; taken out, nobody is ever suspected. */
  isToldOf = true;
  /** PUBACKs sent in the moment of the close do not get through (RST). */
  #losesPubacks: boolean;

  constructor(bench: OutboxBench, losesPubacks = false) {
    this.bench = bench;
    this.#losesPubacks = losesPubacks;
  }

  /** One connection, for as long as it lasts, 10 min at most. @returns whether the hub closed it */
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

  /** Until a connection stays. @returns how many it took */
  settle(): number {
    for (let count = 1; count <= 100; count += 1) if (!this.connection()) return count;
    throw new Error('it is closed for ever');
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
    if (verdict?.kind === 'deadLettered') this.buried.push(`${verdict.entry.row.topic}: ${verdict.reason}`);
    this.bench.nowMs += 5000;
    return true;
  }
}

describe('a message on which the hub closes the connection', () => {
  it.each([false, true])(
    'becomes a dead letter, and everything else arrives in order (PUBACKs lost: %s)',
    (losesPubacks) => {
      const others = ['a 1', 'b 1', 'a 2', 'c 1', 'c 2', 'd 1'];
      const bench = new OutboxBench().fill('a 1', 'b 1', 'poison', 'a 2', 'c 1', 'c 2', 'd 1');
      const hub = new Closer(bench, losesPubacks);
      const connections = hub.settle();
      expect(hub.buried).toEqual(['poison: the hub closes the connection on it (4 times)']);
      expect(hub.arrived).toEqual(others);
      expect(connections).toBeLessThan(12);
      expect([bench.custodian.pending, bench.custodian.imbalance()]).toEqual([0, 0]);
    },
  );

  it('would be sent first for ever without that', () => {
    const hub = new Closer(new OutboxBench().fill('poison', 'a'));
    hub.isToldOf = false;
    expect(() => hub.settle()).toThrow('closed for ever');
    expect(hub.arrived).toEqual([]);
  });

  it('does not hold the others up while it is suspected', () => {
    const bench = new OutboxBench().fill('poison', 'a', 'b', 'c');
    const hub = new Closer(bench);
    for (let count = 0; count < 3; count += 1) expect(hub.connection()).toBe(true);
    expect([hub.arrived, hub.buried]).toEqual([['a', 'b', 'c'], []]);
  });

  it('keeps those behind it on its topic waiting, so that order holds if it gets through after all', () => {
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

  it('is found beside another one, and one after the other on one topic', () => {
    const bench = new OutboxBench().fill('poison 1', 'a', 'poison 2', 'poison 2', 'b');
    const hub = new Closer(bench);
    hub.settle();
    expect(hub.buried.map((line) => line.split(':')[0]).sort()).toEqual(['poison 1', 'poison 2', 'poison 2']);
    expect(hub.arrived).toEqual(['a', 'b']);
  });

  it('is not buried before it is on disk', () => {
    const bench = new OutboxBench({ attemptsMax: 1 }).connect();
    bench.offer('poison');
    bench.disconnect();
    const hub = new Closer(bench);
    for (let count = 0; count < 6; count += 1) hub.connection();
    expect([hub.buried, bench.custodian.pending]).toEqual([[], 1]);
    bench.commit();
    hub.settle();
    expect(hub.buried).toHaveLength(1);
  });
});

describe('a network that flaps', () => {
  /** Each connection carries for `lastsMs`, then ends, whatever was sent; PUBACKs take `answerMs`. */
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
  ])('blames nothing, though it ends connections %s', (_what, lastsMs) => {
    const bench = new OutboxBench().fill('a', 'b', 'c');
    for (let round = 0; round < 60; round += 1) flap(bench, lastsMs(round), 400);
    expect(bench.custodian.counts(1).dead).toBe(0);
    expect(new Closer(bench).settle()).toBe(1);
    expect([bench.custodian.pending, bench.custodian.counts(1).delivered]).toEqual([0, 3]);
  });

  it('blames nothing for a close that comes long after the message was sent', () => {
    const bench = new OutboxBench().fill('a');
    for (let round = 0; round < 20; round += 1) flap(bench, 9000, 9500);
    expect(bench.custodian.counts(1).dead).toBe(0);
  });

  it('acquits a suspect by ending a connection without it', () => {
    const bench = new OutboxBench().fill('poison');
    const hub = new Closer(bench);
    for (let count = 0; count < 4; count += 1) hub.connection();
    bench.connect();
    expect(bench.disconnect(true)).toBeUndefined();
    bench.connect();
    expect(topicsOf(bench.send())).toEqual(['poison']);
  });

  it('leaves a topic without PUBACKs to its own rule: what the connection survives, it was not closed for', () => {
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

  it('that we end ourselves says nothing about a message', () => {
    const bench = new OutboxBench().fill('a');
    for (let count = 0; count < 10 * LIMITS.attemptsMax; count += 1) {
      bench.connect().send();
      expect(bench.disconnect()).toBeUndefined();
    }
  });
});

it('a lane that waits for messages which go alone gets its turn when they are answered', () => {
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
