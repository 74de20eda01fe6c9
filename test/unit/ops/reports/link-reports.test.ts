/** Reports of links and ports: rates, round trips, conditions, and the list of ports. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../../src/base/histogram.ts';
import { renderPorts, reportPorts } from '../../../../src/cli/show-ports.ts';
import { parseConfig } from '../../../../src/config/parse.ts';
import { warningsOf } from '../../../../src/config/warnings.ts';
import { REOPENED } from '../../../../src/flow/links.ts';
import { linkConditions } from '../../../../src/ops/conditions/link-conditions.ts';
import { ratesOf } from '../../../../src/ops/reports/link-meters.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';
import { GENERIC } from '../../config/config-rig.ts';
import { FakeMachine } from '../../io/serial/port-rig.ts';

const OPEN: LinkReport = { ...RESTING, name: 'meters', path: 'usb:x', driver: 'mqttsn', state: 'open', forMs: 5000 };
const terminal = { width: 100, isScreen: true, print: () => undefined, tone: (_: unknown, text: string) => text };

describe('the histogram', () => {
  it('is at most 20 % too high, from 1 ms to a minute', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 60_000, noNaN: true }), { minLength: 1 }), (durations) => {
        const histogram = new Histogram();
        for (const ms of durations) histogram.record(ms);
        const sorted = durations.toSorted((left, right) => left - right);
        for (const share of [0.5, 0.99, 1]) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
          const told = histogram.quantile(share) ?? Number.NaN;
          expect(told).toBeGreaterThanOrEqual(exact * 0.9999);
          expect(told).toBeLessThanOrEqual(exact * 1.2);
        }
      }),
    );
  });

  it('has a bucket for longer times, and no values before the first time', () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.5)).toBeUndefined();
    histogram.record(10_000_000);
    histogram.record(0);
    expect(histogram.total).toBe(2);
    expect(histogram.quantile(1)).toBe(65_536);
    expect(histogram.quantile(0.5)).toBe(1);
  });
});

describe('the rates of a link', () => {
  const samples = Array.from({ length: 61 }, (_, second) => ({
    atMs: second * 1000,
    // 100 frames per second in the first half minute, then 10
    counters: { ...RESTING.counters, framesIn: Math.min(second, 30) * 100 + Math.max(second - 30, 0) * 10 },
  }));

  it('are those of the last 5, 30 and 60 seconds', () => {
    const now = samples.at(-1);
    expect(ratesOf(samples, now ?? { atMs: 0, counters: RESTING.counters }).map(({ framesIn }) => framesIn)).toEqual([
      10, 10, 55,
    ]);
  });

  it('are those since a later start, and 0 at the start', () => {
    const now = samples[2] ?? { atMs: 0, counters: RESTING.counters };
    expect(ratesOf(samples.slice(0, 3), now).map(({ framesIn }) => framesIn)).toEqual([100, 100, 100]);
    expect(ratesOf([], now).map(({ framesIn }) => framesIn)).toEqual([0, 0, 0]);
  });
});

describe('the conditions of a link', () => {
  it.each([
    [{ state: 'opening', waits: 'absent', lastProblem: 'no adapter' }, 'link-down', /no adapter/],
    [{ state: 'opening', waits: 'shared', lastProblem: 'it is the port of b' }, 'link-port-shared', /port of b/],
    [{ state: 'opening', waits: 'ambiguous', lastProblem: 'A and B' }, 'link-port-ambiguous', /A and B/],
    [{ state: 'waiting to reopen', lastProblem: 'in use by minicom' }, 'link-down', /minicom/],
    [
      { unlisted: [{ subdevice: 'x9', configuredOn: null, forMs: 1 }] },
      'link-foreign-device',
      /x9, which is not on its list/,
    ],
    [
      { unlisted: [{ subdevice: 'x9', configuredOn: 'other', forMs: 1 }] },
      'link-foreign-device',
      /x9, which is configured for link other and refused here/,
    ],
    [{ looksLike: 'rtu' }, 'link-other-protocol', /looks like Modbus RTU frames/],
    [
      { missing: [{ subdevice: 'm1', hasSent: false, forMs: 300_000 }] },
      'subdevice-silent',
      /m1 has sent nothing on link/,
    ],
    [
      { recovery: { ...RESTING.recovery, failure: { trouble: 'noise', forMs: 1 } } },
      'link-out-of-order',
      /All recovery steps failed .* broken frames/,
    ],
  ] as const)('%o: %s', (change, code, sentence) => {
    const [condition, ...others] = linkConditions([{ ...OPEN, ...change }]);
    const losing = code === 'subdevice-silent' ? 'no' : 'at risk';
    expect(condition).toMatchObject({ code, losing, sentence: expect.stringMatching(sentence) });
    expect(others).toEqual([]);
  });

  it('name telnet at a device server, beside what else is wrong on a line that can be read', () => {
    const telnet = { ...OPEN, path: 'tls://10.0.0.9:4001', looksLike: 'telnet' } as const;
    const missing = [{ subdevice: 'm1', hasSent: true, forMs: 300_000 }];
    const conditionsOf = (change: Partial<LinkReport>) => linkConditions([{ ...telnet, ...change }]);
    expect(conditionsOf({ missing })).toEqual([
      expect.objectContaining({
        code: 'link-other-protocol',
        sentence: expect.stringContaining('speaks telnet'),
        hint: expect.stringContaining('path = "rfc2217://10.0.0.9:4001"'),
      }),
    ]);
    const counters = { ...OPEN.counters, framesIn: 7 };
    expect(conditionsOf({ missing, counters }).map(({ code }) => code)).toEqual([
      'link-other-protocol',
      'subdevice-silent',
    ]);
    const lastProblem = 'the bytes are not a Modbus TCP frame';
    expect(conditionsOf({ state: 'waiting to reopen', lastProblem })).toEqual([
      expect.objectContaining({ code: 'link-down', hint: expect.stringMatching(/^Remove framing.*rfc2217:/) }),
    ]);
  });

  it.each([
    ['lines', /are lost, unless the device repeats them/],
    ['mqttsn', /are lost, unless they keep them/],
    ['modbus', /changes meanwhile are missed/],
  ])('of a missing port contain the effect on data for %s', (driver, words) => {
    const gone = { ...OPEN, driver, state: 'waiting to reopen', lastProblem: 'the device is gone' } as const;
    expect(linkConditions([gone])[0]).toMatchObject({ losing: 'at risk', sentence: expect.stringMatching(words) });
  });

  it('name each link if all are down', () => {
    const down = ['a', 'b'].map((name) => ({ ...OPEN, name, state: 'opening', lastProblem: 'gone' }) as const);
    expect(linkConditions(down).map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^Link a is down: gone\./),
      expect.stringMatching(/^Link b is down: gone\./),
    ]);
  });

  it('are none on a healthy link, at the first opening, and while a recovery step opens the port again', () => {
    expect(linkConditions([OPEN])).toEqual([]);
    expect(linkConditions([{ ...OPEN, state: 'opening' }])).toEqual([]);
    expect(linkConditions([{ ...OPEN, state: 'opening', lastProblem: REOPENED }])).toEqual([]);
  });
});

describe('holdfast ports', () => {
  it('shows each port with its stable name and its link, and configuration lines for the others', async () => {
    const machine = new FakeMachine();
    machine.plug({ at: '1-1', serial: 'A1', ttys: { ttyUSB0: '/dev/null' } });
    machine.plug({ at: '1-2', vendor: '1a86', product: '7523', ttys: { ttyUSB1: '/dev/null' } });
    const report = await reportPorts(machine.roots, [
      { name: 'meters', path: 'usb:0403:6001:A1:00' },
      { name: 'pumps', path: 'usb:0403:6001:A2:00' },
    ]);
    const text = renderPorts(report, { terminal }).join('\n');
    expect(report.ports.map(({ links }) => links)).toEqual([['meters'], []]);
    expect(text).toContain('Link pumps (usb:0403:6001:A2:00) has no port: no adapter usb:0403:6001:A2:00');
    expect(text).toContain('name = "ttyUSB1"\npath = "by-path:platform-usb-0:1-2:1.0-port0"');
    expect(text).not.toContain('name = "ttyUSB0"');
    const configured = `${GENERIC.replace('/dev/ttyUSB0', report.ports[1]?.name ?? '')}`;
    expect(parseConfig(configured).ok).toBe(true);
  });

  it('names in a container what it cannot see, and proposes no port without a device file', async () => {
    const machine = new FakeMachine();
    machine.plug({ at: '1-1', serial: 'A1', ttys: { ttyUSB0: '/dev/null' } });
    rmSync(join(machine.roots.dev, 'ttyUSB0'));
    rmSync(join(machine.roots.dev, 'serial'), { recursive: true });
    const link = { name: 'meters', path: 'usb:0403:6001:A1:00' };
    const report = await reportPorts(machine.roots, [link], true);
    const text = renderPorts(report, { terminal }).join(' ').replaceAll(/\s+/g, ' ');
    expect(report.missing).toMatchObject([
      { why: expect.stringMatching(/^the port is plugged in, and there is no device file .*ttyUSB0 here$/) },
    ]);
    expect(text).toMatch(/The host has \S*ttyUSB0, and there is no device file for it here. To use it: --device/);
    expect(text).toContain('This container has no udev');
    expect(text).toContain('comes back under another number');
    expect(text).not.toContain('[[link]]');
    expect((await reportPorts(machine.roots, [], false)).hidden).toEqual([]);
    const empty = await reportPorts({ sys: '/gone', dev: '/gone' }, [], true);
    expect(renderPorts(empty, { terminal }).join(' ').replaceAll(/\s+/g, ' ')).toMatch(
      /^No serial port found in this container\. .*\/gone\/class\/tty is not visible/,
    );
  });

  it('warns of adapters that cannot be distinguished, and of two links on one port', async () => {
    const machine = new FakeMachine();
    for (const number of [0, 1])
      machine.plug({ at: `1-${number}`, serial: 'SAME', ttys: { [`ttyUSB${number}`]: '/dev/null' } });
    const path = 'by-path:platform-usb-0:1-0:1.0-port0';
    const report = await reportPorts(machine.roots, [
      { name: 'a', path },
      { name: 'b', path },
    ]);
    const text = renderPorts(report, { terminal }).join(' ').replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/ttyUSB0 and \S*ttyUSB1 report the same identity/);
    expect(text).toContain('belongs to links a and b: only one link can use it');
  });
});

it.each([
  ['/dev/ttyUSB0', /depends on the order in which devices are plugged in/],
  ['/dev/ttyACM12', /depends on the order in which devices are plugged in/],
  ['usb:1a86:7523::00', /without a serial number/],
])('the configuration check warns of %s', (path, what) => {
  const parsed = parseConfig(GENERIC.replace('/dev/ttyUSB0', path));
  expect(parsed.ok && warningsOf(parsed.config)).toMatchObject([{ what: expect.stringMatching(what) }]);
});

it.each(['usb:0403:6001:A1:00', 'by-path:x', '/dev/serial/by-id/x', '/dev/ttyAMA0'])(
  'the configuration check does not warn of %s',
  (path) => {
    const parsed = parseConfig(GENERIC.replace('/dev/ttyUSB0', path));
    expect(parsed.ok && warningsOf(parsed.config)).toEqual([]);
  },
);
