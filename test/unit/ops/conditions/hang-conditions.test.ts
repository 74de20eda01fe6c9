/** Condition after a hang: shown for a day, with the reason and the remedy of the last one. */
import { expect, it } from 'vitest';
import { hangConditions, type PastHang } from '../../../../src/ops/conditions/hang-conditions.ts';

const DAY_MS = 24 * 3_600_000;
const hang = (agoMs: number, more: Partial<PastHang> = {}): PastHang => ({
  source: 'store-thread',
  what: 'the store thread did not finish a commit or a read',
  where: '',
  hasRecordings: false,
  isHandled: false,
  forMs: 35_000,
  agoMs,
  ...more,
});

it('is raised for 24 h after the last hang, not longer', () => {
  const codes = (...hangs: PastHang[]): string[] => hangConditions(hangs, []).map(({ code }) => code);
  expect([codes(), codes(hang(DAY_MS)), codes(hang(DAY_MS - 1))]).toEqual([[], [], ['restarted-after-hang']]);
});

it('says what hung, for how long, how often, and what to do', () => {
  expect(hangConditions([hang(120_000)], [])).toMatchObject([
    {
      losing: 'no',
      forMs: 120_000,
      sentence: 'Restarted by the watchdog 2 min ago: the store thread did not finish a commit or a read for 35 s.',
      hint: expect.stringContaining('replace the card'),
    },
  ]);
  const loop = hang(1000, { source: 'event-loop', what: 'the event loop did not run', where: 'spin (a.ts:7)' });
  const [second] = hangConditions([hang(60_000), loop], []);
  expect(second?.sentence).toMatch(/the event loop did not run for 35 s\. It is hang 2 within a day\.$/);
  expect(second?.hint).toMatch(/defect of holdfast.* It hung at spin \(a\.ts:7\)\.$/);
  const opening = { source: 'serial-open', what: 'the opening of /dev/ttyUSB0 did not return' };
  const [port] = hangConditions([hang(0, opening)], []);
  expect(port?.hint).toContain('adapter');
});

it('names recordings only if the main thread wrote some', () => {
  const hints = [true, false].map(
    (hasRecordings) => hangConditions([hang(0, { source: 'event-loop', hasRecordings })], [])[0]?.hint,
  );
  expect(hints).toEqual([
    expect.stringMatching(/holdfast bundle and the newest files of the folder recordings/),
    expect.stringMatching(/holdfast bundle\.$/),
  ]);
});

it('makes the verdict unknown if devices get no acknowledgements, and names their links', () => {
  expect(hangConditions([hang(0)], ['meters', 'b'])[0]).toMatchObject({
    losing: 'unknown',
    sentence: expect.stringContaining(
      'What devices without acknowledgements (links meters, b) sent in this time may be lost.',
    ),
  });
});

it('is without a loss once an operator has handled it, and a later hang opens it again', () => {
  const verdicts = [
    [hang(5000)],
    [hang(5000, { isHandled: true })],
    [hang(5000, { isHandled: true }), hang(0)],
    [hang(DAY_MS), hang(5000, { isHandled: true })],
  ].map((hangs) => {
    const [condition] = hangConditions(hangs, ['meters']);
    return [condition?.losing, condition?.hint?.includes('acknowledge-loss')];
  });
  expect(verdicts).toEqual([
    ['unknown', true],
    ['no', false],
    ['unknown', true],
    ['no', false],
  ]);
});
