/** Condition of uplinks with a fallback in their topic: raised for ten minutes after the last one. */
import { expect, it } from 'vitest';
import { conditionsOf } from '../../../../src/ops/conditions/conditions.ts';
import { HEALTHY } from './healthy.ts';

const MINUTE_MS = 60_000;
const WHY = '{field:room}: the payload has no member "room"';
const fallbacks = (recent: number) => ({
  recent,
  ...{ firstAtMs: MINUTE_MS, lastAtMs: 2 * MINUTE_MS, topic: 'gw/a/unknown/t', why: WHY },
});
const raised = (recent: number, nowMs: number) => conditionsOf({ ...HEALTHY, nowMs, fallbacks: fallbacks(recent) });

it('is raised for ten minutes after the last one, and names its topic and the reason', () => {
  expect(conditionsOf(HEALTHY)).toEqual([]);
  expect(raised(3, 2 * MINUTE_MS)).toMatchObject([
    {
      code: 'topic-fallbacks',
      losing: 'no',
      forMs: MINUTE_MS,
      sentence: `3 uplinks got a fallback in the topic, last gw/a/unknown/t. ${WHY}.`,
    },
  ]);
  expect(raised(1, 12 * MINUTE_MS - 1)).toMatchObject([
    { sentence: expect.stringMatching(/^1 uplink got a fallback/) },
  ]);
  expect(raised(1, 12 * MINUTE_MS)).toEqual([]);
});
