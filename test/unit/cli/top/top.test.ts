/** `holdfast top`: rates from counters, keys, and a screen that fits its terminal. */
import { describe, expect, it } from 'vitest';
import { asciiOnly, isAsciiTerminal } from '../../../../src/cli/terminal.ts';
import { RateHistory } from '../../../../src/cli/top/rate-history.ts';
import { grouped, sparkline } from '../../../../src/cli/top/sparkline.ts';
import { TopModel } from '../../../../src/cli/top/top-model.ts';
import { renderTop, scrollMax, type TopScreen } from '../../../../src/cli/top/top-view.ts';
import type { StatusReport, SubdeviceReport } from '../../../../src/ops/reports/report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { AWAY } from '../../ops/api/control-rig.ts';

const screen = (width: number, height: number): TopScreen => ({
  width,
  height,
  isScreen: true,
  isAscii: false,
  print: () => undefined,
  tone: (_, text) => text,
});

function subdevice(id: string, uplinksAccepted: number, uplinksPending = 0): SubdeviceReport {
  return {
    ...{ id, link: 'line-0', attached: true, lostInMs: null, lasting: true, configured: true, silentMs: 5 },
    ...{
      profile: null,
      hubIdentity: null,
      onlineAtHub: null,
      binding: null,
      refused: [],
      identity: null,
      subscriptions: [],
    },
    ...{ uplinksPending, downlinksPending: 0, uplinksAccepted, downlinksDelivered: 0 },
  };
}

function statusWith(framesIn: number, links = 1): StatusReport {
  const [link] = AWAY.links;
  if (link === undefined) throw new Error('no link');
  const counters = { ...link.counters, framesIn };
  const many = Array.from({ length: links }, (_, index) => ({ ...link, name: `line-${index}`, counters }));
  return judge({ ...AWAY, links: many });
}

function modelAfter(seconds: number, perS: number, links = 1): TopModel {
  const model = new TopModel();
  for (let at = 0; at <= seconds; at += 1)
    model.answered(statusWith(at * perS, links), [subdevice('pump', at * perS, 7), subdevice('valve', 0)], at * 1000);
  return model;
}

describe('rates', () => {
  it('are means over the last samples', () => {
    const history = new RateHistory();
    for (const [atMs, count] of [
      [0, 0],
      [1000, 10],
      [3000, 50],
    ] as const)
      history.add(new Map([['a', count]]), atMs);
    expect(history.samples('a')).toEqual([10, 20]);
    expect(history.mean('a', 1)).toBe(20);
    expect(history.mean('a', 60)).toBe(15);
  });

  it('are 0 for the interval in which a counter started again, and end with their counter', () => {
    const history = new RateHistory();
    history.add(new Map([['a', 100]]), 0);
    history.add(new Map([['a', 3]]), 1000);
    expect(history.samples('a')).toEqual([0]);
    history.add(new Map(), 2000);
    expect(history.samples('a')).toEqual([]);
  });
});

it('a curve has its newest value at the right, and one column for each value', () => {
  expect(sparkline([0, 1, 2, 4], 6, false)).toBe('  ▁▃▅█');
  expect(sparkline([0, 4], 2, true)).toBe('_#');
  expect(sparkline([9, 0, 0], 2, false)).toBe('▁▁');
});

it('a long span is shown as means of equal groups, the newest at the right', () => {
  expect(grouped([1, 3, 5, 7], 4)).toEqual([1, 3, 5, 7]);
  expect(grouped([1, 3, 5, 7], 2)).toEqual([2, 6]);
  expect(grouped([9, 1, 3, 5, 7], 4)).toEqual([9, 2, 6]);
  expect(grouped([], 4)).toEqual([]);
  expect(
    grouped(
      Array.from({ length: 60 }, () => 1),
      20,
    ),
  ).toHaveLength(20);
});

it('a terminal without UTF-8 gets ASCII', () => {
  expect(isAsciiTerminal({ LANG: 'C' })).toBe(true);
  expect(isAsciiTerminal({ LC_ALL: '', LANG: 'de_DE.UTF-8' })).toBe(false);
  expect(isAsciiTerminal({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' })).toBe(true);
});

describe('the keys', () => {
  it('sort by name, rate and waiting messages', () => {
    const model = modelAfter(3, 5);
    const names = (): string[] => model.rows().map(({ name }) => name);
    expect(names()).toEqual(['line-0', 'pump', 'valve']);
    model.pressed({ text: 's' });
    expect(model.sort).toBe('rate');
    expect(names()).toEqual(['line-0', 'pump', 'valve']);
    model.pressed({ text: 's' });
    expect(model.sort).toBe('waiting');
  });

  it('filter by name while typing, and clear the filter', () => {
    const model = modelAfter(1, 1);
    for (const key of [{ text: '/' }, { text: 'q' }, 'backspace', { text: 'v' }, { text: 'a' }, 'return'] as const)
      expect(model.pressed(key)).toBe(true);
    expect(model.rows().map(({ name }) => name)).toEqual(['valve']);
    model.pressed({ text: '/' });
    model.pressed('escape');
    expect(model.rows()).toHaveLength(3);
  });

  it('pause, open, close and quit', () => {
    const model = modelAfter(2, 1);
    model.pressed({ text: 'p' });
    model.answered(statusWith(1_000_000), [], 9000);
    expect(model.rows()).toHaveLength(3);
    model.pressed('down');
    model.pressed('return');
    expect(model.opened?.subdevice?.id).toBe('pump');
    model.pressed('escape');
    expect(model.opened).toBeUndefined();
    expect(model.pressed({ text: 'q' })).toBe(false);
  });

  it('select the span of the curves: 60, 30 or 5 s', () => {
    const model = modelAfter(100, 3);
    const heading = (): string | undefined => renderTop(model, screen(80, 24)).find((line) => line.includes('state'));
    for (const span of [60, 30, 5, 60]) {
      expect(model.span).toBe(span);
      expect(heading()).toContain(`last ${span} s`);
      expect(model.rows()[0]?.curve).toHaveLength(span);
      model.pressed({ text: 'w' });
    }
  });

  it('scroll an opened row to its last line and no further, and back at once', () => {
    const model = modelAfter(5, 1);
    const small = screen(80, 16);
    model.pressed('return');
    expect(renderTop(model, small).join('\n')).not.toContain('retries');
    for (let times = 0; times < 50; times += 1) model.pressed('down');
    model.limitScroll(scrollMax(model, small));
    const last = renderTop(model, small).join('\n');
    expect(last).toMatch(/\d+ lines above, 0 below/);
    model.pressed('up');
    expect(renderTop(model, small).join('\n')).toMatch(/, 1 below/);
    model.pressed('escape');
    model.pressed('return');
    expect(model.scroll).toBe(0);
  });

  it('select no row beyond the last', () => {
    const model = modelAfter(1, 1);
    for (let times = 0; times < 10; times += 1) model.pressed('down');
    expect(model.selected).toBe(2);
  });
});

describe('the screen', () => {
  it.each([
    [80, 24],
    [40, 10],
    [120, 50],
    [62, 12],
  ])('fits %i columns and %i lines, with many links', (width, height) => {
    const model = modelAfter(5, 30, 40);
    model.unanswered('No gateway is running (no process answers on a socket with a very long path in a deep folder).');
    for (const keys of [[], ['down', 'return'] as const]) {
      for (const key of keys) model.pressed(key);
      const lines = renderTop(model, screen(width, height));
      expect(lines.length).toBeLessThanOrEqual(height);
      expect(lines.filter((line) => line.length > width)).toEqual([]);
    }
  });

  it('shows the verdict first, then rates over five seconds', () => {
    const lines = renderTop(modelAfter(6, 12), screen(80, 24));
    expect(lines[0]).toMatch(/^Losing data\? /);
    expect(lines.find((line) => line.includes('pump'))).toMatch(/pump +line-0 +12 +0 +7 +connected/);
  });

  it('marks the selected row by a sign, without colour', () => {
    const model = modelAfter(1, 1);
    const marked = (): string[] => renderTop(model, screen(80, 24)).filter((line) => line.startsWith('> '));
    expect(marked()).toEqual([expect.stringContaining('line-0')]);
    model.pressed('down');
    expect(marked()).toEqual([expect.stringContaining('pump')]);
  });

  it('shows the round trip of the hub', () => {
    expect(renderTop(modelAfter(1, 1), screen(80, 24))).toContain('PUBACK  median 21 ms, 99 % within 84 ms (last 256)');
  });

  it('has only ASCII signs on a terminal without UTF-8', () => {
    const model = modelAfter(30, 9, 40);
    for (const keys of [[], ['return'] as const]) {
      for (const key of keys) model.pressed(key);
      const lines = renderTop(model, { ...screen(80, 24), isAscii: true }).map(asciiOnly);
      expect(lines.join('\n')).toMatch(/^[\n -~]*$/);
    }
  });

  it('keeps the selected row visible', () => {
    const model = modelAfter(1, 1, 40);
    for (let times = 0; times < 30; times += 1) model.pressed('down');
    expect(renderTop(model, screen(80, 16)).some((line) => line.includes('line-30'))).toBe(true);
  });

  it('says what it waits for before the first answer', () => {
    expect(renderTop(new TopModel(), screen(80, 24)).join('\n')).toContain('Waiting for the first answer');
  });
});
