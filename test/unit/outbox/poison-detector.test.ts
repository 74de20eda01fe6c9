/**
 * Packets of any kind on which the hub closes: the packet is found, all others are sent, and no other one is
 * suspected.
 */
import { describe, expect, it } from 'vitest';
import { newEntry } from '../../../src/custody/entry.ts';
import { type ActKind, actOf, actWords, type HubPacket, pubackAct, uplinkAct } from '../../../src/outbox/hub-packet.ts';
import { PoisonDetector } from '../../../src/outbox/poison-detector.ts';

import { rowOf } from '../custody/custody-rig.ts';

const CLOSES_MAX = 3;
const HOUR_MS = 3_600_000;
const KINDS = ['subscribe', 'unsubscribe', 'QoS 0 uplink', 'request', 'puback'] as const satisfies ActKind[];

/** A PUBACK is identified by its packet identifier and its message; here the topic stands for both. */
function actNamed(kind: (typeof KINDS)[number], name: string): HubPacket {
  return kind === 'puback' ? pubackAct(7, Buffer.from(name).readUIntBE(name.length - 5, 5), name) : actOf(kind, name);
}

/**
 * Hub that closes on these packets, and a gateway that sends the others at each connection until they are answered.
 */
class Bench {
  readonly poison = new PoisonDetector(CLOSES_MAX);
  nowMs = 0;
  /** First acceptance of each packet by the hub; by key. */
  readonly takenAtMs = new Map<string, number>();
  readonly #acts: readonly HubPacket[];
  readonly #closesOn: (act: HubPacket) => boolean;
  /** True if the hub answers a packet before it closes on it. */
  answersFirst = false;
  /** Closes after a suspected packet that was sent alone, and the number in the last report. */
  closesAlone = 0;
  reportedCloses = 0;

  constructor(acts: readonly HubPacket[], closesOn: (act: HubPacket) => boolean) {
    this.#acts = acts;
    this.#closesOn = closesOn;
  }

  /** One connection, up to 2 min. @returns true if the hub closed it */
  connection(): boolean {
    const { poison } = this;
    const endMs = this.nowMs + 120_000;
    poison.connected(this.nowMs);
    poison.onReceived(this.nowMs);
    let left = [...this.#acts];
    while (this.nowMs < endMs) {
      const going: HubPacket[] = [];
      for (const act of left) {
        if (poison.mayGo(act, this.nowMs) !== 'go') continue;
        poison.sent(act, this.nowMs);
        going.push(act);
      }
      if (going.length === 0) this.nowMs = Math.min(endMs, poison.wakeAtMs(this.nowMs) ?? endMs);
      this.nowMs += 20;
      if (going.length > 0 && this.#take(going)) return true;
      left = left.filter((act) => !going.includes(act));
    }
    poison.left();
    return false;
  }

  /** Connects until a connection lasts. @returns number of closed connections */
  settle(): number {
    for (let count = 0; count < 60; count += 1) if (!this.connection()) return count;
    throw new Error('every connection was closed');
  }

  get setAside(): string[] {
    return this.poison.evidence().flatMap(({ act, state }) => (state === 'set aside' ? [actWords(act)] : []));
  }

  #take(going: readonly HubPacket[]): boolean {
    const at = going.findIndex(this.#closesOn);
    const taken = at === -1 ? going : going.slice(0, at);
    for (const act of taken) this.takenAtMs.set(act.key, this.takenAtMs.get(act.key) ?? this.nowMs);
    const culprit = going[at];
    if (culprit === undefined || this.answersFirst) {
      for (const act of going) this.poison.confirmed(act);
      this.poison.pinged();
      this.poison.ponged(this.nowMs);
    }
    if (culprit === undefined) return false;
    this.nowMs += 5;
    if (going.length === 1 && this.poison.isWatched(culprit)) this.closesAlone += 1;
    const verdict = this.poison.closed(this.nowMs);
    if (verdict !== undefined && verdict.kind !== 'deadLettered') this.reportedCloses = verdict.closes;
    this.nowMs += 5000;
    return true;
  }
}

const uplinks = ['a', 'b', 'c'].map((topic, index) => {
  const entry = newEntry({ ...rowOf(index + 1, 1), topic }, undefined);
  entry.keeping = 'stored';
  return uplinkAct(entry);
});
const others = [...uplinks, ...KINDS.flatMap((kind) => [actNamed(kind, 'good/1'), actNamed(kind, 'good/2')])];

describe('a packet on which the hub closes', () => {
  it.each(KINDS)('is set aside if it is %s, and all other packets are sent', (kind) => {
    const bad = actNamed(kind, 'is bad');
    const bench = new Bench([bad, ...others], ({ key }) => key === bad.key);
    expect(bench.settle()).toBeLessThan(CLOSES_MAX + 4);
    expect(bench.setAside).toEqual([actWords(bad)]);
    expect([...bench.takenAtMs.keys()].sort()).toEqual(others.map(({ key }) => key).sort());
  });

  it.each(KINDS.flatMap((left) => KINDS.map((right) => [left, right] as const)))(
    'is found together with another one: %s and %s',
    (left, right) => {
      const bad = [actNamed(left, 'bad/1'), actNamed(right, 'bad/2')];
      const bench = new Bench([...bad, ...others], ({ name }) => name.startsWith('bad'));
      expect(bench.settle()).toBeLessThan(3 * CLOSES_MAX + 4);
      expect(bench.setAside.sort()).toEqual(bad.map(actWords).sort());
      expect(bench.takenAtMs.size).toBe(others.length);
    },
  );

  it('is also found if the hub answers it before it closes', () => {
    const bad = actOf('subscribe', 'bad');
    const bench = new Bench([bad, ...others], ({ key }) => key === bad.key);
    bench.answersFirst = true;
    bench.settle();
    expect(bench.setAside).toEqual([actWords(bad)]);
  });

  it('does not delay the uplinks by more than 30 s, even if the hub closes on each of a hundred filters', () => {
    const filters = Array.from({ length: 100 }, (_, index) => actOf('subscribe', `bad/${index}`));
    const bench = new Bench([...filters, ...uplinks], ({ kind }) => kind === 'subscribe');
    for (let count = 0; count < 3; count += 1) bench.connection();
    for (const { key } of uplinks) expect(bench.takenAtMs.get(key)).toBeLessThan(30_000);
    const fromMs = bench.nowMs;
    for (let count = 0; count < 20; count += 1) bench.connection();
    expect((bench.nowMs - fromMs) / 20).toBeGreaterThan(30_000); // Fewer and fewer connections are used for them.
  });

  it('is tried again after an hour, once, and then after two', () => {
    const bad = actOf('subscribe', 'bad');
    const bench = new Bench([bad], () => true);
    bench.settle();
    const trials = (): number | undefined => bench.poison.evidence()[0]?.trialAtMs;
    expect((trials() ?? 0) - bench.nowMs).toBeLessThanOrEqual(HOUR_MS);
    bench.nowMs += HOUR_MS;
    expect([bench.connection(), bench.connection()]).toEqual([true, false]);
    expect((trials() ?? 0) - bench.nowMs).toBeGreaterThan(1.9 * HOUR_MS);
  });

  it('is sent at once when it is released, and forgotten when the hub accepts it', () => {
    const bad = actOf('subscribe', 'bad');
    let isForbidden = true;
    const bench = new Bench([bad], () => isForbidden);
    bench.settle();
    expect(bench.poison.mayGo(bad, bench.nowMs)).toBe('set aside');
    isForbidden = false;
    expect(bench.poison.release(({ name }) => name === 'bad')).toBe(true);
    expect([bench.connection(), bench.poison.evidence(), bench.poison.isTroubled]).toEqual([false, [], false]);
  });
});

describe('a topic of uplinks', () => {
  function kill(poison: PoisonDetector, seq: number, startMs: number): number {
    const entry = newEntry({ ...rowOf(seq, 1), topic: 'bad' }, undefined);
    entry.keeping = 'stored';
    const act = uplinkAct(entry);
    let nowMs = startMs;
    for (let count = 0; count < 12; count += 1) {
      poison.connected(nowMs);
      poison.onReceived(nowMs);
      while (poison.mayGo(act, nowMs) !== 'go') nowMs = poison.wakeAtMs(nowMs) ?? nowMs + 1;
      poison.sent(act, nowMs);
      nowMs += 5;
      if (poison.closed(nowMs)?.kind === 'deadLettered') return nowMs;
    }
    throw new Error('it is never proven');
  }

  it('is set aside after five dead letters in a row, and not before', () => {
    const poison = new PoisonDetector(CLOSES_MAX);
    let nowMs = 0;
    const next = (seq: number) =>
      poison.mayGo(uplinkAct(newEntry({ ...rowOf(seq, 1), topic: 'bad' }, undefined)), nowMs);
    for (let seq = 1; seq <= 5; seq += 1) {
      expect(next(seq)).not.toBe('set aside');
      nowMs = kill(poison, seq, nowMs);
    }
    expect(next(6)).toBe('set aside');
    expect(poison.evidence()).toMatchObject([
      // The first close after the first message alone only makes the message suspected.
      { state: 'set aside', closesAlone: 5 * CLOSES_MAX + 1, act: { entry: undefined } },
    ]);
  });
});

describe('the number of closes', () => {
  it.each(KINDS)('is the same in each report and in the evidence: all closes after the packet alone (%s)', (kind) => {
    const culprit = actNamed(kind, 'bad/topic');
    const bench = new Bench([culprit], (act) => act.id === culprit.id);
    for (let count = 0; count < 30 && bench.connection(); count += 1) {
      const [evidence] = bench.poison.evidence();
      expect(evidence?.closesAlone ?? 0).toBe(bench.reportedCloses);
      expect(bench.reportedCloses).toBe(bench.closesAlone);
    }
    expect(bench.setAside).toHaveLength(1);
    expect(bench.closesAlone).toBeGreaterThan(CLOSES_MAX);
  });
});

describe('no packet is suspected', () => {
  it('by a network that closes at any moment, for any packets', () => {
    const bench = new Bench(others, () => false);
    for (let round = 0; round < 200; round += 1) {
      bench.poison.connected(bench.nowMs);
      bench.poison.onReceived(bench.nowMs);
      const endMs = bench.nowMs + ((round * 7919) % 9000);
      for (const act of others) {
        if (bench.nowMs >= endMs || bench.poison.mayGo(act, bench.nowMs) !== 'go') continue;
        bench.poison.sent(act, bench.nowMs);
        bench.nowMs += 300;
        if (round % 2 === 0) continue;
        bench.poison.confirmed(act);
        bench.poison.pinged();
        bench.poison.ponged(bench.nowMs);
      }
      bench.nowMs = Math.max(bench.nowMs, endMs);
      const verdict = bench.poison.closed(bench.nowMs);
      expect(['deadLettered', 'set aside']).not.toContain(verdict?.kind);
    }
    expect(bench.setAside).toEqual([]);
  });

  it('for a packet that was answered, nor for one that the hub does not answer while it answers others', () => {
    const [first, second] = others;
    if (first === undefined || second === undefined) throw new Error('there are some');
    const poison = new PoisonDetector(CLOSES_MAX);
    poison.connected(0);
    poison.sent(first, 0);
    poison.sent(second, 1);
    poison.confirmed(first);
    poison.confirmed(second);
    expect([poison.closed(60_000), poison.isTroubled]).toEqual([undefined, false]);
  });
});
