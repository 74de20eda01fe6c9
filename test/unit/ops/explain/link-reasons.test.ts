/** Reasons of a link whose devices do not answer, or answer what cannot be read. */
import { expect, it } from 'vitest';
import { linkReasons } from '../../../../src/ops/explain/explain-link.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';

const LINK: LinkReport = {
  ...{ ...RESTING, name: 'line', path: '/dev/ttyUSB0', driver: 'modbus', state: 'open', forMs: 60_000 },
  counters: { ...RESTING.counters, bytesIn: 100 },
};
const reasonsOf = (change: Partial<LinkReport>) => linkReasons({ ...LINK, ...change });
const codesOf = (change: Partial<LinkReport>) => reasonsOf(change).map(({ code }) => code);
const minute = (framesIn: number, broken: number) => [
  { overS: 60, bytesIn: 1, bytesOut: 0, framesOut: 0, framesIn, broken },
];

it('silent devices are a reason only if they are polled', () => {
  const missing = [{ subdevice: 'm1', hasSent: false, forMs: 5000 }];
  expect(codesOf({ missing })).toEqual(['is-open']);
  expect(reasonsOf({ missing, polled: true })).toMatchObject([
    { code: 'devices-do-not-answer', sentence: 'No answer of m1.' },
  ]);
});

it('bytes without a valid frame are a reason after a minute', () => {
  const rates = minute(0, 0);
  expect(codesOf({ rates, forMs: 59_999 })).toEqual(['is-open']);
  expect(codesOf({ rates, forMs: 60_000 })).toEqual(['nothing-readable']);
});

it('silence is a reason after a minute', () => {
  const rates = [{ overS: 60, bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0, broken: 0 }];
  expect(codesOf({ rates, forMs: 59_999 })).toEqual(['is-open']);
  expect(codesOf({ rates, forMs: 60_000 })).toEqual(['link-silent']);
});

it('many-broken-frames begins above a share of 5 % of broken frames', () => {
  expect(codesOf({ rates: minute(19, 1) })).toEqual(['is-open']);
  expect(codesOf({ rates: minute(18, 1) })).toEqual(['many-broken-frames']);
});

it('a link without wires is explained without them, however it fails', () => {
  const recovery = { ...RESTING.recovery, failures: 1, failure: { trouble: 'noise', forMs: 5000 } } as const;
  const network = reasonsOf({ protocol: 'mbap', path: 'tcp://192.0.2.7:502', rates: minute(1, 1), recovery });
  expect(network.map(({ code }) => code)).toEqual(['recovery-failed', 'many-invalid-answers']);
  expect(JSON.stringify(network)).not.toMatch(/cable|wire|adapter|shield|ground|terminat|speed|line /i);
});
