/** Conditions of firmware updates: which updates need action, and that none is a loss. */
import { expect, it } from 'vitest';
import { CANCELLED, type FirmwareUpdateView, type FirmwareView } from '../../../../src/base/firmware.ts';
import { conditionsOf } from '../../../../src/ops/conditions/conditions.ts';
import { HEALTHY } from './healthy.ts';

const failure = { kind: 'not updated', reason: 'the subdevice refuses the image' } as const;

function viewOf(subdevice: string, update: Partial<FirmwareUpdateView> = {}, running = '1.2'): FirmwareView {
  return {
    ...{ subdevice, running, rejected: undefined },
    update: {
      ...{ version: '1.3', step: 'failed', size: 1000, downloadedBytes: 1000, confirmedBytes: 0 },
      ...{ bytesPerS: undefined, attempts: 1, failure, isReported: true, ...update },
    },
  };
}

const sentencesOf = (firmware: readonly FirmwareView[]) =>
  conditionsOf({ ...HEALTHY, firmware }).map(({ code, losing, sentence }) => `${code} (${losing}): ${sentence}`);

it('a failed update is a condition with its subdevice, its version and its reason', () => {
  expect(sentencesOf([viewOf('pump-7'), viewOf('meter-1', { step: 'sending' })])).toEqual([
    'firmware-failed (no): The firmware update of pump-7 to 1.3 failed: the subdevice refuses the image.',
  ]);
  const [{ hint } = { hint: null }] = conditionsOf({ ...HEALTHY, firmware: [viewOf('pump-7')] });
  expect(hint).toContain('sudo holdfast firmware retry pump-7.');
  expect(hint).toContain('sudo holdfast firmware cancel pump-7.');
});

it('several failed updates are one condition, which names three', () => {
  expect(
    sentencesOf(['a', 'b', 'c', 'd'].map((id) => viewOf(id, { failure: { kind: 'timed out', reason: 'x' } }))),
  ).toEqual(['firmware-failed (no): 4 firmware updates failed: a to 1.3 (x); b to 1.3 (x); c to 1.3 (x); and 1 more.']);
});

it.each([
  ['runs', viewOf('a', { step: 'downloading' })],
  ['is done', viewOf('a', { step: 'done' })],
  ['was cancelled by an operator', viewOf('a', { failure: CANCELLED })],
  ['has failed, and its version runs', viewOf('a', {}, '1.3')],
])('an update that %s is no condition', (_, view) => {
  expect(sentencesOf([view])).toEqual([]);
});

it('downloads that fail are a condition with the reason and the subdevices that wait', () => {
  const one = { version: '1.3', reason: 'no route to host', forMs: 1000, subdevices: ['a', 'b', 'c', 'd'] };
  const other = { ...one, version: '1.4', forMs: 9000 };
  expect(conditionsOf({ ...HEALTHY, failingDownloads: [one, other] })).toEqual([
    {
      ...{ code: 'firmware-download-failing', losing: 'no', forMs: 9000 },
      sentence:
        'The firmware 1.3 for a, b, c and 1 more cannot be downloaded: no route to host. The download is repeated. Further downloads that fail: 1.',
      hint: expect.stringContaining('ca_file in [firmware]'),
    },
  ]);
});

it('records that cannot be written are a condition with the reason, and no loss', () => {
  expect(conditionsOf({ ...HEALTHY, firmwareUnstored: 'no space left' })).toMatchObject([
    { code: 'firmware-unstored', losing: 'no', sentence: expect.stringContaining('cannot be written: no space left.') },
  ]);
});
