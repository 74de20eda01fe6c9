/** Durations of conditions begin with their event, and not with the start of the process. */
import { expect, it } from 'vitest';
import type { ConditionCode } from '../../../../src/ops/conditions/catalogue.ts';
import { conditionsOf, type Health } from '../../../../src/ops/conditions/conditions.ts';
import { FirstSeen, UNDATED } from '../../../../src/ops/conditions/first-seen.ts';
import { HEALTHY } from './healthy.ts';

const HOUR_MS = 3_600_000;
const STARTED_MS = 4_000_000;

/** Conditions that exist from the start of the process, or that say since when they are known. */
const SINCE_START: readonly ConditionCode[] = ['store-volatile', 'cloned-store', 'damaged-records', 'store-damaged'];

const FAILED_UPDATE: Health['firmware'][number] = {
  ...{ subdevice: 'a', running: '1', rejected: undefined },
  update: {
    ...{ version: '2', step: 'failed', size: 1, downloadedBytes: 1, confirmedBytes: 1, bytesPerS: undefined },
    ...{ attempts: 1, failure: { kind: 'timed out', reason: 'no progress' }, isReported: true },
  },
};

/** Changes that raise the conditions without a time of their own. */
const TROUBLES: readonly Partial<Health>[] = [
  { outbox: { messages: 9, messagesMax: 9, bytes: 0, bytesMax: 9 } },
  { outbox: { messages: 8, messagesMax: 9, bytes: 0, bytesMax: 9 } },
  { setAside: { times: 1, last: { of: 'hub', what: 'PUBLISH', why: 'it threw' } } },
  { firmware: [FAILED_UPDATE] },
  { firmwareUnstored: 'no space left' },
  { dead: 1, deadTopics: ['t'] },
  { imbalance: 1 },
  { unconfiguredDevices: ['p/d'] },
  { removed: [{ subdevice: 'a', waiting: 1 }] as unknown as Health['removed'] },
  { filters: { wanted: 1, max: 1, rejected: [{ subdevice: 'a', filter: 'x/y' }] } },
  { clock: { ...HEALTHY.clock, isSet: false, isTrusted: false } },
  { clock: { ...HEALTHY.clock, aheadOfHubMs: 9 } },
  { store: { ...HEALTHY.store, damaged: 1 } },
  { store: { ...HEALTHY.store, volatile: 'tmpfs', copiedFrom: ['board'], damagedRecords: 1, isDamaged: true } },
];

const at = (nowMs: number, change: Partial<Health>): Health => ({
  ...HEALTHY,
  nowMs,
  startedAtMs: STARTED_MS,
  ...change,
});

it.each(TROUBLES)('trouble %# begins when it is first seen, a day after the start', (change) => {
  const seen = new FirstSeen();
  const uptimeMs = 24 * HOUR_MS;
  const look = (afterMs: number) =>
    seen
      .date(
        conditionsOf(at(STARTED_MS + uptimeMs + afterMs, change)),
        STARTED_MS + uptimeMs + afterMs,
        uptimeMs + afterMs,
      )
      .filter(({ code }) => !SINCE_START.includes(code));
  const first = look(0);
  expect(first.map(({ code, forMs }) => [code, forMs])).toEqual(first.map(({ code }) => [code, 0]));
  expect(look(5000).map(({ forMs }) => forMs)).toEqual(first.map(() => 5000));
  // negative control: without the dating it lasts since the start
  for (const { code } of first)
    expect(conditionsOf(at(STARTED_MS + uptimeMs, change)).find((one) => one.code === code)?.forMs).toBe(uptimeMs);
});

it('all undated conditions are among these troubles', () => {
  const codes = TROUBLES.flatMap((change) => conditionsOf(at(STARTED_MS + HOUR_MS, change)).map(({ code }) => code));
  expect([...UNDATED].filter((code) => !codes.includes(code))).toEqual([]);
});

it('a condition that ends and returns begins again', () => {
  const seen = new FirstSeen();
  const dead = (nowMs: number) => conditionsOf(at(nowMs, { dead: 1 }));
  const uptimeOf = (nowMs: number) => nowMs - STARTED_MS;
  for (const nowMs of [5_000_000, 5_001_000]) seen.date(dead(nowMs), nowMs, uptimeOf(nowMs));
  seen.date([], 5_002_000, uptimeOf(5_002_000));
  const [again] = seen.date(dead(5_003_000), 5_003_000, uptimeOf(5_003_000));
  expect(again?.forMs).toBe(0);
});
