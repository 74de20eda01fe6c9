/**
 * Filters that the hub granted are subscribed again in a resumed session: slowly, and bounded for any number of
 * disconnects.
 */
import { expect, it } from 'vitest';
import { FilterRequests } from '../../../src/flow/filter-requests.ts';
import { PoisonDetector } from '../../../src/outbox/poison-detector.ts';

const FILTERS = Array.from({ length: 30 }, (_, index) => `f${index}`);
const MINUTE_MS = 60_000;

class Bench {
  readonly filters = new FilterRequests(new PoisonDetector(3));
  nowMs = 0;

  /** One connection of this length. @returns filters with their times; each request is answered at once */
  connection(lastsMs: number): { readonly atMs: number; readonly filter: string }[] {
    const sent: { atMs: number; filter: string }[] = [];
    const endMs = this.nowMs + lastsMs;
    this.filters.renew(FILTERS, this.nowMs);
    for (;;) {
      for (let one = this.filters.next(this.nowMs); one !== undefined; one = this.filters.next(this.nowMs)) {
        sent.push({ atMs: this.nowMs, filter: one.filter });
        this.filters.answered(one.kind, one.filter);
      }
      const wakeAtMs = this.filters.wakeAtMs(this.nowMs) ?? endMs;
      if (wakeAtMs >= endMs) break;
      this.nowMs = wakeAtMs;
    }
    this.nowMs = endMs;
    this.filters.clear();
    return sent;
  }
}

it('each filter is sent once in a connection, at most four per second, from 5 s on', () => {
  const sent = new Bench().connection(10 * MINUTE_MS);
  expect(sent.map(({ filter }) => filter)).toEqual(FILTERS);
  expect(sent[0]?.atMs).toBe(5000);
  expect(sent.at(-1)?.atMs).toBe(5000 + 29 * 250);
});

it('connections of 4 s cause no request, and connections of 15 s one round per minute', () => {
  const bench = new Bench();
  for (let count = 0; count < 20; count += 1) expect(bench.connection(4000)).toEqual([]);
  const sent = Array.from({ length: 40 }, () => bench.connection(15_000)).flat();
  expect(sent.length).toBeLessThanOrEqual(FILTERS.length * 11);
  expect(new Set(sent.map(({ filter }) => filter)).size).toBe(FILTERS.length);
});

it('filters left by a lost connection are sent first in the next', () => {
  const bench = new Bench();
  expect(bench.connection(6000).map(({ filter }) => filter)).toEqual(['f0', 'f1', 'f2', 'f3']);
  expect(bench.connection(10 * MINUTE_MS).map(({ filter }) => filter)).toEqual([
    ...FILTERS.slice(4),
    ...FILTERS.slice(0, 4),
  ]);
});

it('a filter waits for the answer to the previous one', () => {
  const { filters } = new Bench();
  filters.renew(FILTERS, 0);
  expect(filters.next(5000)?.filter).toBe('f0');
  expect(filters.next(MINUTE_MS)).toBeUndefined();
  filters.unanswered('subscribe', 'f0', MINUTE_MS);
  expect(filters.next(MINUTE_MS)?.filter).toBe('f1');
});

it('a rejected filter is sent again after 5 s, then after pauses that double up to one hour, until it is granted', () => {
  const filters = new FilterRequests(new PoisonDetector(3));
  filters.ask('subscribe', 'f');
  expect(filters.next(0)?.filter).toBe('f');
  let nowMs = 0;
  const pausesMs: number[] = [];
  for (let count = 0; count < 14; count += 1) {
    filters.refused('f', nowMs);
    expect(filters.next(nowMs)).toBeUndefined();
    const wakeAtMs = filters.wakeAtMs(nowMs) ?? Number.NaN;
    expect(filters.next(wakeAtMs - 1)).toBeUndefined();
    expect(filters.next(wakeAtMs)?.filter).toBe('f');
    pausesMs.push(wakeAtMs - nowMs);
    nowMs = wakeAtMs;
  }
  expect(pausesMs).toEqual(Array.from({ length: 14 }, (_, index) => Math.min(5000 * 2 ** index, 60 * MINUTE_MS)));
  filters.answered('subscribe', 'f');
  expect(filters.wakeAtMs(nowMs)).toBeUndefined();
  expect(filters.isSilent('f')).toBe(false);
});
