/** Events of firmware updates: their sentences, their levels, and their places in the history and in tail. */
import { expect, it } from 'vitest';
import { type FactOf, reportFact, weightOf } from '../../../src/ops/narration.ts';
import { TAIL_CLASSES } from '../../../src/ops/tail/event-kinds.ts';

const PUMP = { subdevice: 'pump-7', version: '1.3' };

type FirmwareEvent = Extract<keyof typeof TAIL_CLASSES, `firmware${string}`>;
const FACTS: { readonly [Name in FirmwareEvent]: readonly (readonly [FactOf<Name>, string])[] } = {
  firmwareOffered: [[{ ...PUMP, bytes: 708_482 }, 'info: firmware 1.3 offered to subdevice pump-7: 708,482 B']],
  firmwareOfferRejected: [
    [{ subdevice: 'pump-7', reason: 'no https' }, 'warn: firmware offer for subdevice pump-7 rejected: no https'],
  ],
  firmwareDownloaded: [[{ version: '1.3', bytes: 9 }, 'info: firmware 1.3 downloaded: 9 B']],
  firmwareDownloadFailed: [
    [
      { version: '1.3', reason: 'no route to host', again: true },
      'warn: download of firmware 1.3 failed, and is repeated later: no route to host',
    ],
    [
      { version: '1.3', reason: 'the link has expired', again: false },
      'warn: download of firmware 1.3 failed, and is not repeated: the link has expired',
    ],
  ],
  firmwareReceived: [[PUMP, 'info: subdevice pump-7 has received firmware 1.3 and installs it']],
  firmwareUpdated: [[PUMP, 'info: subdevice pump-7 runs firmware 1.3; the update is done']],
  firmwareFailed: [
    [{ ...PUMP, reason: 'flash full' }, 'warn: update of subdevice pump-7 to firmware 1.3 failed: flash full'],
  ],
};

it.each(Object.entries(FACTS).flatMap(([name, cases]) => cases.map(([fact, words]) => ({ name, fact, words }))))(
  '$name: $words',
  ({ name, fact, words }) => {
    const event = name as FirmwareEvent;
    expect(`${weightOf(event, fact as never)}: ${reportFact(event, fact as never)}`).toBe(words);
    expect(TAIL_CLASSES[event].kind).toBe('subdevice' in fact ? 'subdevice' : 'gateway');
  },
);
