/** The intake report beside custody: its counts, how long a cause is current, and how often it is reported. */
import { describe, expect, it } from 'vitest';
import { sampleWords } from '../../../src/base/discard.ts';
import { newFacts } from '../../../src/base/events.ts';
import { type Discard, Intake } from '../../../src/flow/intake.ts';

const MINUTE_MS = 60_000;

function rig() {
  const clock = { now: 0, nowMs: () => clock.now, wallMs: () => 0, wakeAt: () => () => undefined };
  const facts = newFacts();
  const reported: { readonly reason: string; readonly count: number; readonly sample: string }[] = [];
  facts.on('discarded', ({ reason, count, sample }) => reported.push({ reason, count, sample }));
  let framesIn = 0;
  const intake = new Intake(clock, facts, () => framesIn);
  return {
    reported,
    note: (discard: Partial<Discard> = {}) =>
      intake.note({
        ...{ link: 'field1', subdevice: undefined, reason: 'line pattern', sample: '', count: 1 },
        ...discard,
      }),
    good: (frames: number) => {
      framesIn += frames;
    },
    pass: (ms: number) => {
      clock.now += ms;
    },
    tallies: () => intake.tallies(),
    first: () => intake.tallies()[0],
  };
}

describe('a discarded message', () => {
  it('is counted by link, subdevice and reason, with the last sample', () => {
    const { note, tallies } = rig();
    note({ sample: new TextEncoder().encode('boot v1\r') });
    note({ sample: new TextEncoder().encode('boot v2\r') });
    note({ link: 'field2' });
    note({ reason: 'line encoding', subdevice: 'scale-1' });
    expect(tallies()).toMatchObject([
      { link: 'field1', reason: 'line pattern', count: 2, sample: '"boot v2\\r"' },
      { link: 'field2', reason: 'line pattern', count: 1 },
      { link: 'field1', reason: 'line encoding', subdevice: 'scale-1', count: 1 },
    ]);
  });

  it('is current for ten minutes, and history afterwards, with its counter', () => {
    const { note, pass, first } = rig();
    note();
    pass(10 * MINUTE_MS - 1);
    expect(first()).toMatchObject({ lasts: true, count: 1 });
    pass(1);
    expect(first()).toMatchObject({ lasts: false, count: 1 });
  });

  it('is current for three of its intervals if it comes less often', () => {
    const { note, pass, first } = rig();
    note();
    pass(9 * MINUTE_MS);
    note();
    pass(26 * MINUTE_MS);
    expect(first()).toMatchObject({ lasts: true, recent: 2 });
    pass(2 * MINUTE_MS);
    expect(first()).toMatchObject({ lasts: false });
  });

  it('starts a new period when it comes back', () => {
    const { note, pass, first } = rig();
    for (let each = 0; each < 5; each += 1) note();
    pass(11 * MINUTE_MS);
    note();
    expect(first()).toMatchObject({ count: 6, recent: 1, sinceMs: 11 * MINUTE_MS });
  });

  it('dominates the traffic after four in a row, and not after four good messages', () => {
    const { note, pass, good, first } = rig();
    good(1_000_000);
    for (let each = 0; each < 4; each += 1) {
      note();
      pass(MINUTE_MS);
    }
    expect(first()?.share).toBeGreaterThan(0.5);
    good(4);
    expect(first()?.share).toBeLessThan(0.5);
  });

  it('is reported at once with its sample, and then in a summary', () => {
    const { note, pass, reported } = rig();
    for (let each = 0; each < 1000; each += 1) note({ sample: 'x' });
    expect(reported).toEqual([{ reason: 'line pattern', count: 1, sample: 'x' }]);
    pass(10 * MINUTE_MS - 1);
    note();
    expect(reported).toHaveLength(1);
    pass(1);
    note();
    expect(reported).toMatchObject([{}, { count: 1001 }]);
  });

  it('is reported at most six times a minute for any number of kinds, and the delayed ones are reported later', () => {
    const { note, pass, reported } = rig();
    for (let each = 0; each < 100; each += 1) note({ subdevice: `d${each}` });
    expect(reported).toHaveLength(6);
    pass(MINUTE_MS);
    note({ subdevice: 'd99' });
    expect(reported[6]).toMatchObject({ count: 2 });
  });

  it('takes bounded room, for any names of subdevices', () => {
    const { note, tallies } = rig();
    for (let each = 0; each < 5000; each += 1) note({ subdevice: `d${each}` });
    expect(tallies().length).toBeLessThanOrEqual(257);
    expect(tallies().reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  });
});

describe('a sample', () => {
  it.each([
    ['a line with its carriage return', '12.5\r', '"12.5\\r"'],
    ['a Latin-1 line', 'Br\xfccke 7', '"Br\\xfccke 7"'],
    ['noise', '\x00\x9f\xa2\x01', 'hex 00 9f a2 01'],
    ['a terminal sequence', '\x1b[2J boom', '"\\x1b[2J boom"'],
    ['a long text', 'a'.repeat(100), `"${'a'.repeat(32)}…"`],
    ['nothing', '', '""'],
  ])('of %s is shown in printable characters', (_, text, shown) => {
    expect(sampleWords(new Uint8Array(Buffer.from(text, 'latin1')))).toBe(shown);
  });
});
