/** Reports of firmware updates: numbers of the status, progress, and downloads that fail. */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import type { FirmwareUpdateView, FirmwareView } from '../../../../src/base/firmware.ts';
import { FirmwareMeter } from '../../../../src/ops/reports/firmware-meter.ts';
import { firmwareReportOf, NO_FIRMWARE } from '../../../../src/ops/reports/firmware-updates-report.ts';
import { firmwareLine, firmwareWords, progressWords, remarkWords } from '../../../../src/ops/reports/firmware-words.ts';

type MeteredGateway = ConstructorParameters<typeof FirmwareMeter>[0];

function viewOf(subdevice: string, update: Partial<FirmwareUpdateView>): FirmwareView {
  return {
    ...{ subdevice, running: '1.2', rejected: undefined },
    update: {
      ...{ version: '1.3', step: 'downloading', size: 1000, downloadedBytes: 999, confirmedBytes: 0 },
      ...{ bytesPerS: undefined, attempts: 1, failure: undefined, isReported: false, ...update },
    },
  };
}

function rig() {
  const facts = newFacts();
  const state = { nowMs: 0, views: [] as readonly FirmwareView[] };
  const gateway = {
    facts,
    clock: { nowMs: () => state.nowMs },
    config: { firmware: {} },
    firmware: () => state.views,
  } as unknown as MeteredGateway;
  return { facts, state, meter: new FirmwareMeter(gateway) };
}

const failed = (again: boolean, reason = 'no route') => ({ version: '1.3', reason, again });

describe('the counts', () => {
  it('are those of the events since the start, and the steps of the present updates', () => {
    const { facts, state, meter } = rig();
    state.views = [
      viewOf('a', {}),
      viewOf('b', { step: 'failed' }),
      { subdevice: 'c', running: '1', update: undefined, rejected: undefined },
    ];
    facts.emit('firmwareDownloaded', { version: '1.3', bytes: 1000 });
    facts.emit('firmwareDownloaded', { version: '1.4', bytes: 24 });
    facts.emit('firmwareDownloadFailed', failed(true));
    facts.emit('firmwareUpdated', { subdevice: 'c', version: '1' });
    facts.emit('firmwareFailed', { subdevice: 'b', version: '1.3', reason: 'x' });
    expect(meter.counts).toEqual({
      ...{ enabled: true, updated: 1, failed: 1, downloadedBytes: 1024, downloadsFailed: 1 },
      steps: { ...NO_FIRMWARE.steps, downloading: 1, failed: 1 },
    });
  });
});

describe('a failing download', () => {
  it('lasts from the first failure, with the last reason, while the download is repeated', () => {
    const { facts, state, meter } = rig();
    state.views = [
      viewOf('a', { step: 'waiting to download again' }),
      viewOf('b', {}),
      viewOf('c', { step: 'sending' }),
    ];
    state.nowMs = 1000;
    facts.emit('firmwareDownloadFailed', failed(true));
    state.nowMs = 5000;
    facts.emit('firmwareDownloadFailed', failed(true, 'timeout'));
    expect(meter.failing).toEqual([{ version: '1.3', reason: 'timeout', forMs: 4000, subdevices: ['a', 'b'] }]);
  });

  it.each([
    [
      'the download is complete',
      (facts: ReturnType<typeof newFacts>) => facts.emit('firmwareDownloaded', { version: '1.3', bytes: 1 }),
    ],
    ['it is not repeated', (facts: ReturnType<typeof newFacts>) => facts.emit('firmwareDownloadFailed', failed(false))],
  ])('is over when %s', (_, end) => {
    const { facts, state, meter } = rig();
    state.views = [viewOf('a', {})];
    facts.emit('firmwareDownloadFailed', failed(true));
    expect(meter.failing).toHaveLength(1);
    end(facts);
    expect(meter.failing).toEqual([]);
  });

  it('is over when no subdevice needs the image any more', () => {
    const { facts, state, meter } = rig();
    facts.emit('firmwareDownloadFailed', failed(true));
    state.views = [viewOf('a', { version: '1.4' })];
    expect(meter.failing).toEqual([]);
    state.views = [viewOf('a', {})];
    expect(meter.failing).toEqual([]);
  });
});

describe('the report', () => {
  const updateOf = (update: Partial<FirmwareUpdateView>) => {
    const found = firmwareReportOf(true, [viewOf('a', update)]).subdevices[0]?.update;
    if (found === undefined || found === null) throw new Error('the view has an update');
    return found;
  };

  const reportOf = (view: FirmwareView) => {
    const [report] = firmwareReportOf(true, [view]).subdevices;
    if (report === undefined) throw new Error('the report has the subdevice of the view');
    return report;
  };
  const remarksOf = (update: Partial<FirmwareUpdateView>) => remarkWords(reportOf(viewOf('a', update)));

  it('has the last rejected offer with its reason and what to do', () => {
    const rejected = {
      kind: 'failed before',
      version: '1.4',
      reason: 'the update to 1.4 has failed before: x',
    } as const;
    const view = viewOf('a', { step: 'done' });
    expect(remarkWords(reportOf({ ...view, rejected }))).toEqual([
      'got an offer of 1.4 that was rejected: the update to 1.4 has failed before: x. Offer another version at the hub, or try again: sudo holdfast firmware retry a.',
    ]);
    const invalid = { kind: 'invalid', version: undefined, reason: 'the offer is not a JSON object' } as const;
    expect(remarkWords(reportOf({ subdevice: 'a', running: undefined, update: undefined, rejected: invalid }))).toEqual(
      [
        'got an offer that was rejected: the offer is not a JSON object. Correct the offer at the hub, or the key that the reason names.',
      ],
    );
    expect(remarkWords(reportOf(view)), 'negative control').toEqual([]);
  });

  it.each([
    [viewOf('a', {}), '1.2; update to 1.3: downloading, 99 % of 1,000 B'],
    [viewOf('a', { step: 'done' }), '1.2; update to 1.3: done'],
    [
      viewOf('a', { step: 'failed', failure: { kind: 'not updated', reason: 'flash full' } }),
      '1.2; update to 1.3: failed; last failure: flash full',
    ],
    [{ ...viewOf('a', {}), update: undefined }, '1.2'],
    [
      {
        ...{ subdevice: 'a', running: undefined, update: undefined },
        rejected: { kind: 'invalid', version: '2', reason: 'the url is not valid' },
      },
      'unknown version; an offer was rejected: the url is not valid',
    ],
  ] as const)('is one line in the explanation of a subdevice', (view, line) => {
    expect(firmwareWords(reportOf(view))).toBe(line);
  });

  it('is sorted by name, and has null for what is unknown', () => {
    const views = [viewOf('b', {}), { subdevice: 'a', running: undefined, update: undefined, rejected: undefined }];
    const { subdevices } = firmwareReportOf(true, views);
    expect(subdevices.map(({ subdevice }) => subdevice)).toEqual(['a', 'b']);
    expect(subdevices[0]).toEqual({ subdevice: 'a', running: null, update: null, rejectedOffer: null });
  });

  it('says 100 % only of a complete transfer', () => {
    expect(updateOf({}).percent).toBe(99);
    expect(updateOf({ downloadedBytes: 1000 }).percent).toBe(100);
    expect(updateOf({ step: 'sending', downloadedBytes: 1000, confirmedBytes: 10 }).percent).toBe(1);
    expect(updateOf({ size: 0 }).percent).toBe(0);
  });

  it('has a rate and a remaining time only while the image is being sent', () => {
    const sending = { step: 'sending', bytesPerS: 100, confirmedBytes: 500 } as const;
    expect(updateOf(sending)).toMatchObject({ bytesPerS: 100, etaMs: 5000 });
    expect(updateOf({ ...sending, bytesPerS: 0 }).etaMs).toBeNull();
    expect(updateOf({ ...sending, step: 'waiting for the subdevice' })).toMatchObject({ bytesPerS: null, etaMs: null });
  });

  it('has the code of the hub for a failure', () => {
    expect(updateOf({ failure: { kind: 'wrong digest', reason: 'x' } }).failure?.code).toBe(-4);
  });

  it('is complete in words', () => {
    const failure = { kind: 'not updated', reason: 'flash full' } as const;
    expect(progressWords(updateOf({}))).toBe('99 % of 1,000 B');
    expect(progressWords(updateOf({ step: 'installing' }))).toBe('1,000 B');
    expect(remarksOf({ step: 'sending', bytesPerS: 100, confirmedBytes: 500 })).toEqual([
      'gets 100 B/s, complete in about 5 s.',
    ]);
    expect(remarksOf({ failure, attempts: 2 })).toEqual([
      'is updated in attempt 2, because the last one failed: flash full.',
    ]);
    expect(remarksOf({ failure, step: 'waiting to download again' })).toEqual(['waits for its image: flash full.']);
    expect(remarksOf({ failure, step: 'failed', attempts: 3 })).toEqual([
      'could not be updated to 1.3 in 3 attempts: flash full.',
    ]);
    expect(remarksOf({ failure, step: 'failed' })).toEqual(['could not be updated to 1.3: flash full.']);
    expect(remarksOf({ failure, step: 'done' })).toEqual([]);
  });
});

it('the status has a line while updates run or have failed, and none for those that are done', () => {
  const line = (steps: Partial<typeof NO_FIRMWARE.steps>) =>
    firmwareLine({ ...NO_FIRMWARE, steps: { ...NO_FIRMWARE.steps, ...steps } });
  expect(line({})).toBeUndefined();
  expect(line({ done: 3 })).toBeUndefined();
  expect(line({ done: 3, sending: 1 })).toBe('1 update: 1 sending');
  expect(line({ failed: 1, 'waiting for the subdevice': 2 })).toBe('3 updates: 2 waiting for the subdevice, 1 failed');
});
