/** Condition of uplinks without their envelope: raised for ten minutes after the last one. */
import { expect, it } from 'vitest';
import { conditionsOf } from '../../../../src/ops/conditions/conditions.ts';
import { HEALTHY } from './healthy.ts';

const MINUTE_MS = 60_000;
const leftOut = (recent: number) => ({ recent, firstAtMs: MINUTE_MS, lastAtMs: 2 * MINUTE_MS, topic: 'gw/a/t' });
const raised = (recent: number, nowMs: number) => conditionsOf({ ...HEALTHY, nowMs, leftOut: leftOut(recent) });

it('is raised for ten minutes after the last one, and names its topic', () => {
  expect(conditionsOf(HEALTHY)).toEqual([]);
  expect(raised(3, 2 * MINUTE_MS)).toMatchObject([
    {
      code: 'envelope-left-out',
      losing: 'no',
      forMs: MINUTE_MS,
      sentence: expect.stringMatching(/^3 uplinks sent without their envelope, last on gw\/a\/t:/),
    },
  ]);
  expect(raised(1, 12 * MINUTE_MS - 1)).toMatchObject([
    { sentence: expect.stringMatching(/^1 uplink sent without its/) },
  ]);
  expect(raised(1, 12 * MINUTE_MS)).toEqual([]);
});
