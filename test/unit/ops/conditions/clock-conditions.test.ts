import { expect, it } from 'vitest';
import { conditionsOf, type Health } from '../../../../src/ops/conditions/conditions.ts';
import { HEALTHY } from './healthy.ts';

/** The clock is not confirmed. */
function health(fields: Partial<Health>): Health {
  return { ...HEALTHY, clock: { ...HEALTHY.clock, isTrusted: false }, ...fields };
}

const refused = (code: number): Health['hub'] => ({
  ...HEALTHY.hub,
  isOnline: false,
  refusal: { code, reason: 'no', remedy: 'Correct it.' },
});
const codes = (fields: Partial<Health>): string[] => conditionsOf(health(fields)).map(({ code }) => code);
const TRUSTED = HEALTHY.clock;

it('an untrusted clock alone is no condition', () => {
  expect(codes({})).toEqual([]);
});

it('a clock that is not set is reported with its date', () => {
  const [condition] = conditionsOf(
    health({ clock: { wallMs: 600_000, isSet: false, isTrusted: false, aheadOfHubMs: undefined } }),
  );
  expect(condition).toMatchObject({ code: 'clock-untrusted', losing: 'no' });
  expect(condition?.sentence).toContain('1970-01-01 00:10:00 UTC');
});

it('a rejected signature (CONNACK 4) makes an untrusted clock a possible cause', () => {
  expect(codes({ hub: refused(4) })).toEqual(['hub-refuses', 'clock-untrusted']);
  expect(codes({ hub: refused(5) })).toEqual(['hub-refuses']);
  expect(codes({ hub: refused(4), clock: TRUSTED })).toEqual(['hub-refuses']);
});

it('a clock that the hub’s time replaces is reported with the difference, and not as a cause', () => {
  const clock = { ...TRUSTED, isTrusted: false, aheadOfHubMs: -3 * 3_600_000 };
  const conditions = conditionsOf(health({ clock, hub: refused(4) }));
  expect(conditions.map(({ code }) => code)).toEqual(['hub-refuses', 'clock-overruled']);
  expect(conditions[1]?.sentence).toContain('3 h behind the time of the hub');
});

it('rows that were lost when the store was opened are damaged rows', () => {
  expect(conditionsOf(health({ store: { ...HEALTHY.store, damaged: 7 } }))).toMatchObject([
    { code: 'damaged-rows', losing: 'yes' },
  ]);
});

it('damaged records have their own condition', () => {
  expect(conditionsOf(health({ store: { ...HEALTHY.store, damagedRecords: 2 } }))).toMatchObject([
    { code: 'damaged-records', losing: 'at risk' },
  ]);
});
