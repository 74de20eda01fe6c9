/** Texts of the commands for sleeping subdevices and for the counters of the kernel. */
import { expect, it } from 'vitest';
import { renderStatus } from '../../../../src/cli/status-view.ts';
import { RESTING } from '../../../../src/ops/reports/link-report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { kernelWords } from '../../../../src/ops/words.ts';
import { AWAY } from '../api/control-rig.ts';

const terminal = { width: 120, isScreen: true, print: () => undefined, tone: (_: unknown, text: string) => text };

function linkLine(asleep: readonly { readonly subdevice: string; readonly lostInMs: number }[]): string {
  const link = {
    ...RESTING,
    name: 'field',
    path: '/dev/ttyAMA0',
    driver: 'mqttsn',
    state: 'open',
    forMs: 5000,
  } as const;
  const subdevices = ['pump', 'mill', 'saw'];
  const lines = renderStatus(judge({ ...AWAY, links: [{ ...link, subdevices, asleep }] }), terminal);
  return lines.find((line) => line.startsWith('Links')) ?? '';
}

it('a link without sleeping subdevices has no text about them', () => {
  expect(linkLine([])).toBe('Links       field · /dev/ttyAMA0 · open 5 s · 3 subdevices');
});

it('of several sleeping subdevices the one that is lost first is named, and the others are counted', () => {
  const asleep = [
    { subdevice: 'mill', lostInMs: 90_000 },
    { subdevice: 'pump', lostInMs: 45_000 },
    { subdevice: 'saw', lostInMs: 600_000 },
  ];
  expect(linkLine(asleep)).toContain('3 subdevices, asleep: pump (lost in 45 s unless it wakes) and 2 others');
});

it('counters of the kernel are shown one by one, and a missing counter is not 0', () => {
  const errors = { framing: 2, parity: 0, overruns: 3, bufferOverruns: 4, breaks: 1 };
  expect(kernelWords(errors)).toBe('7 bytes lost, 2 without a stop bit, 0 of wrong parity, 1 break');
  expect(kernelWords(null)).toBe('not reported by this port');
});
