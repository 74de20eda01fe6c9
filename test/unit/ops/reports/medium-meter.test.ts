/** Bytes written in the last 24 h of up time: the window moves with the monotonic clock alone. */
import { expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import { MediumMeter, SPAN_MS } from '../../../../src/ops/reports/medium-meter.ts';
import { StepClock } from '../../flow/flow-rig.ts';

const HOUR_MS = 3_600_000;

function meterOn(clock: StepClock, mediumLifeTb = 0): MediumMeter {
  const config = { gateway: { mediumLifeTb } };
  return new MediumMeter({
    gateway: { clock, facts: newFacts(), config } as never,
    storePath: '/nowhere',
    sys: '/none',
  });
}

it.each([
  [HOUR_MS, HOUR_MS],
  [SPAN_MS, SPAN_MS],
  [SPAN_MS + 5 * HOUR_MS, SPAN_MS],
])('covers the up time since the start, and 24 h at most (after %i ms)', (passedMs, overMs) => {
  const clock = new StepClock();
  const meter = meterOn(clock);
  clock.pass(passedMs);
  expect(meter.report().overMs).toBe(overMs);
});

it('takes the life of the medium from the configuration, and assumes none for an unknown disk', () => {
  expect(meterOn(new StepClock(), 100).report().life).toEqual({ bytes: 1e14, basis: 'configured' });
  expect(meterOn(new StepClock()).report()).toMatchObject({ device: null, deviceBytes: null, life: null });
});
