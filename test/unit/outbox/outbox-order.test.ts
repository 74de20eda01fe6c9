import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { PUBLISH_PACKET_IDS, packetIdOf } from '../../../src/outbox/in-flight.ts';
import { Pacer } from '../../../src/outbox/pacer.ts';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

describe('the outbox', () => {
  it('sends nothing while the hub is away', () => {
    expect(new OutboxBench().fill('a').send()).toEqual([]);
  });

  it('sends at most one window, and the next message for each PUBACK', () => {
    const bench = new OutboxBench({ inFlightMax: 2 }).fill('a', 'b', 'c').connect();
    const first = bench.send();
    expect(topicsOf(first)).toEqual(['a', 'b']);
    bench.outbox.acknowledged(first[1]?.packetId ?? 0);
    expect(topicsOf(bench.send())).toEqual(['c']);
  });

  it('knows since when the hub has acknowledged nothing', () => {
    const bench = new OutboxBench({ inFlightMax: 2 }).fill('a', 'b').connect();
    const { outbox } = bench;
    expect(outbox.unansweredSinceMs).toBeUndefined();
    bench.nowMs = 100;
    const [first, second] = bench.send();
    bench.nowMs = 5000;
    expect(outbox.unansweredSinceMs).toBe(100);
    outbox.acknowledged(first?.packetId ?? 0);
    expect(outbox.unansweredSinceMs).toBeUndefined(); // until the next message is sent
    bench.offer('c');
    bench.send();
    expect(outbox.unansweredSinceMs).toBe(5000);
    outbox.acknowledged(second?.packetId ?? 0);
    expect(outbox.unansweredSinceMs).toBeUndefined();
    outbox.disconnected('otherwise', bench.nowMs);
    expect(outbox.unansweredSinceMs).toBeUndefined();
  });

  it('ends custody at the PUBACK, and ignores an unknown PUBACK', () => {
    const bench = new OutboxBench().fill('a').connect();
    const [sending] = bench.send();
    expect(bench.outbox.acknowledged(12_345)).toBeUndefined();
    expect(bench.custodian.pending).toBe(1);
    expect(bench.outbox.acknowledged(sending?.packetId ?? 0)?.row.topic).toBe('a');
    expect(bench.outbox.acknowledged(sending?.packetId ?? 0)).toBeUndefined();
    expect([bench.custodian.pending, bench.custodian.imbalance()]).toEqual([0, 0]);
  });

  it('continues without another event if the last PUBACK comes before the receipt of the following messages', () => {
    const bench = new OutboxBench({ inFlightMax: 100 }).connect();
    for (let index = 0; index < 20; index += 1) bench.offer(`${index}`);
    let sent = 0;
    for (let round = bench.send(); round.length > 0; round = bench.send()) {
      sent += round.length;
      for (const { packetId } of round) bench.outbox.acknowledged(packetId);
    }
    expect([sent, bench.custodian.pending]).toEqual([20, 0]);
  });

  it('sends the backlog of the disk too, in order, page by page', () => {
    const first = new OutboxBench().fill(...Array.from({ length: 100 }, (_, index) => `${index}`));
    const bench = new OutboxBench({}, first.disk).connect();
    const sent: string[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      bench.page();
      for (const { entry, packetId } of bench.send()) {
        sent.push(entry.row.topic);
        bench.outbox.acknowledged(packetId);
      }
    }
    expect(sent).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
  });
});

describe('order and fairness', () => {
  it('a lane with many messages delays another by at most one round', () => {
    const bench = new OutboxBench({ inFlightMax: 100 });
    for (let index = 0; index < 16; index += 1) bench.offer('flood', { bytes: 200 });
    bench.offer('quiet', { lane: 2 });
    bench.commit();
    // A round is 1024 charged bytes of each lane: four messages of 245 bytes.
    expect(topicsOf(bench.connect().send()).indexOf('quiet')).toBeLessThanOrEqual(4);
  });

  it('a lane that arrives late waits for at most the current turn', () => {
    const bench = new OutboxBench({ inFlightMax: 100, messagesPerS: 20 });
    for (let index = 0; index < 16; index += 1) bench.offer('flood', { bytes: 200 });
    bench.commit();
    bench.connect();
    bench.send();
    bench.offer('late', { lane: 2 });
    const topics: string[] = [];
    for (; topics.length < 8; bench.nowMs += 100) topics.push(...topicsOf(bench.send()));
    expect(topics.indexOf('late')).toBeLessThanOrEqual(4);
    expect(topics).toContain('late');
  });

  it('each lane gets about the same bytes, for any size of its messages', () => {
    const bench = new OutboxBench({ inFlightMax: 1000 });
    for (let index = 0; index < 16; index += 1) bench.offer('small', { lane: 1, bytes: 200 });
    for (let index = 0; index < 16; index += 1) bench.offer('large', { lane: 2, bytes: 900 });
    bench.commit();
    const sent = bench.connect().send().slice(0, 15);
    const bytesOf = (topic: string) =>
      sent.filter(({ entry }) => entry.row.topic === topic).reduce((sum, { entry }) => sum + entry.bytes, 0);
    expect(Math.abs(bytesOf('small') - bytesOf('large'))).toBeLessThanOrEqual(2 * 1024);
  });

  it('order is kept within each lane and topic, for any order of PUBACKs and any number of disconnects', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('offer' as const),
          lane: fc.integer({ min: 1, max: 3 }),
          topic: fc.constantFrom('a', 'b'),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('puback' as const), which: fc.nat(8) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'break' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(12_000) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const bench = new OutboxBench({ attemptsMax: 1000 }).connect();
        const firstSent = new Map<string, number>();
        let flying: { packetId: number; seq: number; key: string }[] = [];
        const isRepeated = new Set<number>();
        const look = () => {
          for (const { entry, packetId, dup } of bench.send()) {
            const { seq, lane, topic } = entry.row;
            const key = `${lane} ${topic}`;
            expect(dup).toBe(isRepeated.has(seq));
            if (!isRepeated.has(seq)) expect(seq).toBeGreaterThan(firstSent.get(key) ?? 0);
            firstSent.set(key, Math.max(seq, firstSent.get(key) ?? 0));
            isRepeated.add(seq);
            expect(flying.some((other) => other.packetId === packetId && other.seq !== seq)).toBe(false);
            flying.push({ packetId, seq, key });
          }
        };
        for (const one of steps) {
          if (one.kind === 'offer') bench.offer(one.topic, { lane: one.lane });
          else if (one.kind === 'commit') bench.commit();
          else if (one.kind === 'send') look();
          else if (one.kind === 'wait') {
            bench.nowMs += one.ms;
            bench.outbox.giveUp(bench.nowMs);
          } else if (one.kind === 'puback') {
            const landed = flying[one.which % Math.max(1, flying.length)];
            if (landed !== undefined) bench.outbox.acknowledged(landed.packetId);
            flying = flying.filter(({ seq }) => seq !== landed?.seq);
          } else {
            bench.disconnect();
            bench.connect();
            const again = bench.send().map(({ entry }) => entry.row);
            for (const key of new Set(flying.map((one) => one.key))) {
              const seqs = again
                .filter(({ lane, topic, seq }) => key === `${lane} ${topic}` && isRepeated.has(seq))
                .map(({ seq }) => seq);
              expect(seqs).toEqual(seqs.toSorted((left, right) => left - right));
            }
            for (const { seq, lane, topic } of again) {
              isRepeated.add(seq);
              const key = `${lane} ${topic}`;
              firstSent.set(key, Math.max(seq, firstSent.get(key) ?? 0));
              if (!flying.some((one) => one.seq === seq)) flying.push({ packetId: packetIdOf(seq), seq, key });
            }
          }
        }
        expect(bench.custodian.imbalance()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('packet identifiers', () => {
  it('are derived from the number, are between 1 and 60000 and differ within any 60000 messages', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: PUBLISH_PACKET_IDS - 1 }), (seq, apart) => {
        expect(packetIdOf(seq)).toBeGreaterThanOrEqual(1);
        expect(packetIdOf(seq)).toBeLessThanOrEqual(PUBLISH_PACKET_IDS);
        expect(packetIdOf(seq + apart)).not.toBe(packetIdOf(seq));
      }),
    );
  });
});

describe('the pace', () => {
  it('has at most the ceiling in any window of one second', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(300),
        fc.array(fc.nat(300), { maxLength: 200 }),
        (perS, pauseMsMax, all) => {
          const pauses = all.map((ms) => Math.min(ms, pauseMsMax));
          const pacer = new Pacer(perS);
          const sentAtMs: number[] = [];
          let nowMs = 0;
          for (const pauseMs of pauses) {
            nowMs += pauseMs;
            for (; pacer.isOpen(nowMs); pacer.take(nowMs)) sentAtMs.push(nowMs);
          }
          for (const [index, atMs] of sentAtMs.entries()) {
            const inWindow = sentAtMs.slice(index).filter((other) => other < atMs + 1000).length;
            expect(inWindow).toBeLessThanOrEqual(perS);
          }
        },
      ),
    );
  });

  test.each([20, 30, 200, 1000])('of %i per second is reached although each wake-up is 9 ms late', (perS) => {
    const pacer = new Pacer(perS);
    let sent = 0;
    for (let wakeAtMs = 0; wakeAtMs < 20_000; wakeAtMs = Math.ceil(pacer.nextAtMs)) {
      for (const nowMs = wakeAtMs + 9; pacer.isOpen(nowMs); pacer.take(nowMs)) sent += 1;
    }
    expect(sent / 20).toBeGreaterThan(0.94 * perS);
    expect(sent / 20).toBeLessThan(0.97 * perS);
  });

  it.each([
    [10, 40],
    [40, 10],
    [0, 20],
    [20, 0],
  ])('follows a new limit: %d, then %d messages per second', (before, after) => {
    const pacer = new Pacer(before);
    const sentIn = (fromMs: number): number => {
      let sent = 0;
      for (let nowMs = fromMs; nowMs < fromMs + 10_000 && sent < 1000; nowMs = Math.max(nowMs + 1, pacer.nextAtMs))
        for (; pacer.isOpen(nowMs) && sent < 1000; pacer.take(nowMs)) sent += 1;
      return sent;
    };
    for (const [perS, fromMs] of [
      [before, 0],
      [after, 20_000],
    ] as const) {
      pacer.setLimit(perS);
      const sent = sentIn(fromMs);
      if (perS === 0) expect(sent).toBe(1000);
      else expect(sent / (10 * perS)).toBeCloseTo(0.95, 1);
    }
  });

  it('applies to everything that the outbox sends', () => {
    const bench = new OutboxBench({ messagesPerS: 20, inFlightMax: 100 }).connect();
    for (let index = 0; index < 200; index += 1) bench.offer('t', { lane: index % 20 });
    let sent = 0;
    for (let ms = 0; ms < 1000; ms += 1, bench.nowMs += 1) sent += bench.send().length;
    expect(sent).toBeLessThanOrEqual(20);
    expect(sent).toBeGreaterThanOrEqual(18);
  });

  it('has no ceiling if none is set', () => {
    expect([new Pacer(0).perS, new Pacer(20).perS]).toEqual([Number.POSITIVE_INFINITY, 19]);
  });
});
