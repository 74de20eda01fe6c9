/** Polled devices whose requests fail at a known step: the reports name the step, and a remedy for it. */
import { describe, expect, it } from 'vitest';
import type { IntakeReason } from '../../../../src/flow/intake.ts';
import { remedyOf } from '../../../../src/ops/conditions/discard-remedy.ts';
import { linkConditions } from '../../../../src/ops/conditions/link-conditions.ts';
import { scoreLink } from '../../../../src/ops/link-test/link-score.ts';
import type { DiscardReport } from '../../../../src/ops/reports/intake-report.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';

const READOUT = 'read-out grid: identified, and then no data block at 9600 baud';

function linkWith(sample: string, count = 1): LinkReport {
  const silent: DiscardReport = {
    ...{ link: 'optical', subdevice: 'm1', reason: 'unit silent', direction: null, count, recent: count, sample },
    ...{ forMs: 9000, lastMs: 1000, lasts: true, share: 1, size: null },
  };
  return {
    ...{ ...RESTING, name: 'optical', path: '/dev/x', driver: 'lines', polled: true, state: 'open', forMs: 9000 },
    missing: [{ subdevice: 'm1', hasSent: false, forMs: 9000 }],
    discarded: [silent],
  };
}

describe('a device that is silent', () => {
  const conditionOf = (sample: string) => linkConditions([linkWith(sample)])[0];

  it('has the step at which its read-out fails, and a remedy for the optical head', () => {
    expect(conditionOf(READOUT)?.sentence).toBe(
      `m1 has not answered on link optical since the start. Last request: ${READOUT}.`,
    );
    expect(conditionOf(READOUT)?.hint).toMatch(/^Something answers\. Check the position of the optical head/);
  });

  it('has the words of a Modbus gateway, and the remedy for a unit', () => {
    const sample = 'unit 17, a request for input 0, count 2: the unit behind the Modbus gateway does not answer';
    expect(conditionOf(sample)?.sentence).toContain(`Last request: ${sample}.`);
    expect(conditionOf(sample)?.hint).toMatch(/^Check its power/);
  });

  it.each([
    'unit 17, a request for input 0, count 2: no answer',
    'no answer to the request w',
    'read-out grid: no answer',
  ])('is reported as silent, once: %s', (sample) => {
    expect(conditionOf(sample)?.sentence).not.toContain('Last request');
    expect(conditionOf(sample)?.hint).toMatch(/^Check its power/);
  });
});

it('a link test names the step of a failed read-out, and suspects no wires', () => {
  const probe = { damaged: 0, p50Ms: null, p99Ms: null, notAsked: null, refused: [] };
  const probes = [{ subdevice: 'm1', requests: 3, answers: 0, ...probe }];
  const before = linkWith(READOUT, 1);
  const { advice } = scoreLink({ before, after: linkWith(READOUT, 3), seconds: 9, probes });
  expect(advice[0]).toMatch(
    /^m1: read-out grid: identified, and then no data block at 9600 baud\. Something answers\./,
  );
  expect(advice.join(' ')).not.toMatch(/m1 does not answer|wires/);
});

it.each<readonly [IntakeReason, string, RegExp]>([
  ['line cut', 'a data block that ended after 40 bytes: "0.0.0"', /position of the optical head/],
  ['line check', 'wrong BCC of a data block of 60 bytes: "0.0.0"', /position of the optical head/],
  ['line too long', 'a data block of more than 8192 bytes', /^Raise line_bytes_max/],
])('a discarded read-out (%s) has a remedy without delimiter and telegrams', (reason, sample, remedy) => {
  const hint = remedyOf({ reason, sample, direction: null, size: null }, undefined);
  expect(hint).toMatch(remedy);
  expect(hint).not.toMatch(/delimiter|telegram/);
  expect(remedyOf({ reason, sample: '"x"', direction: null, size: null }, undefined)).not.toBe(hint);
});
