/** `holdfast status` on a terminal of 24 lines and 80 columns in the worst states: order of the lines, and omitted lines. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allConditionLines } from '../../../src/cli/condition-lines.ts';
import { renderFullStatus, renderStatus } from '../../../src/cli/status-view.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import type { ConditionCode } from '../../../src/ops/conditions/catalogue.ts';
import type { DiscardReport } from '../../../src/ops/reports/intake-report.ts';
import type { Condition, StatusReport } from '../../../src/ops/reports/report.ts';
import { judge } from '../../../src/ops/verdict.ts';
import { AWAY } from '../ops/api/control-rig.ts';

const LINES = 23; // the last line is for the prompt
const SCREEN: Terminal = { width: 80, isScreen: true, print: () => undefined, tone: (_tone, text) => text };

/** Longest texts of conditions, with three names of the longest topics in each. */
const LONG_TOPIC = `PRODUCT123/${'device-name-of-forty-eight-characters-'.padEnd(48, 'x')}/event/${'t'.repeat(60)}`;
const LONG_SENTENCE = `The hub closes the connection on 3 packets of this gateway, set aside and not sent: ${[1, 2, 3]
  .map((each) => `PUBLISH (QoS 0) on ${LONG_TOPIC}/${each} (12 closes after it alone, from 47 h 59 min to 119 min ago)`)
  .join('; ')}; and 61 more. All other traffic continues.`;
const LONG_HINT = `Check the permissions and limits (length, QoS) at the hub. Then run: holdfast hub subscriptions release ${LONG_TOPIC}. A restart also tries the packet again.`;

function condition(
  code: ConditionCode,
  losing: Condition['losing'],
  forMs = 1000,
  sentence = `It is ${code}.`,
): Condition {
  return { code, losing, forMs, sentence, hint: 'Do something.' };
}

const CODES: readonly ConditionCode[] = [
  ...(['hub-closes-on-packet', 'shedding', 'uplinks-refused', 'dead-letters'] as const),
  ...(['downlink-gap', 'link-down', 'subdevice-silent', 'clock-untrusted'] as const),
];
const LONGEST = CODES.map(
  (code, index): Condition => ({
    code,
    losing: index < 4 ? 'yes' : 'at risk',
    forMs: 400 * 86_400_000,
    sentence: `${code}: ${LONG_SENTENCE}`,
    hint: LONG_HINT,
  }),
);

function reportOf(conditions: readonly Condition[], links = 1): StatusReport {
  const [link] = AWAY.links;
  if (link === undefined) throw new Error('no link');
  const path = '/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3.4:1.0-port0';
  const many = Array.from({ length: links }, (_, index) => ({ ...link, name: `line-${index}`, path }));
  const recovery = ['The store was corrupt, and what was legible in it was put back: 4,711 rows of 5,000.'];
  return judge({ ...AWAY, conditions, links: many, store: { ...AWAY.store, recovery } });
}

const codesOf = (conditions: readonly Condition[]): string[] => reportOf(conditions).conditions.map(({ code }) => code);

describe('the status on a screen of 24 lines', () => {
  it.each([
    [0, 30],
    [1, 1],
    [5, 2],
    [8, 1],
    [8, 30],
  ])('fits with %i conditions of the longest texts and %i links', (conditions, links) => {
    const lines = renderStatus(reportOf(LONGEST.slice(0, conditions), links), SCREEN);
    expect(lines.length).toBeLessThanOrEqual(LINES);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    for (const label of ['Hub', 'Links', 'Subdevices', 'Outbox', 'Inbox', 'Store', 'Flash', 'Gateway'])
      expect(lines.filter((line) => line.startsWith(label.padEnd(12)))).toHaveLength(1);
  });

  it.each([40, 60, 120])('fits %i columns too', (width) => {
    const lines = renderStatus(reportOf(LONGEST, 3), { ...SCREEN, width });
    expect(lines.length).toBeLessThanOrEqual(LINES);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  });

  it('fits in the worst state: hub away, 64 links, 500 subdevices, 30 conditions, full disk, long names', () => {
    const thirty = Array.from({ length: 30 }, (_, index): Condition => {
      const one = LONGEST[index % LONGEST.length];
      if (one === undefined) throw new Error('no condition');
      return { ...one, sentence: `${index}: ${one.sentence}` };
    });
    const full = condition('store-full', 'yes', 400 * 86_400_000, `The disk is full. ${LONG_SENTENCE}`);
    const report = reportOf([full, ...thirty.slice(1)], 64);
    const lastProblem = `cannot connect: ${'a long reason of the operating system '.repeat(5)}`;
    const discard = {
      ...{ link: 'line-0', subdevice: 'x'.repeat(48), direction: null, reason: 'no room', count: 9e9, recent: 9e9 },
      ...{ share: 1, lasts: false, forMs: 1, lastMs: 1, sample: LONG_TOPIC },
    } as unknown as DiscardReport;
    const worst: StatusReport = {
      ...report,
      hub: { ...report.hub, lastProblem, host: 'h'.repeat(200), clientId: 'c'.repeat(64) },
      subdevices: { connected: 300, asleep: 100, away: 60, neverSeen: 40 },
      outbox: { ...report.outbox, messages: 1_000_000, bytes: 536_870_912, oldest: { ms: 4e10, quality: 'at_least' } },
      outlook: {
        full: { bound: 'messages', inMs: 999 * 86_400_000, measuredMs: 600_000 },
        drain: { ms: 999 * 86_400_000, basis: 'limit' },
      },
      discarded: [discard],
      process: { ...report.process, gateway: 'g'.repeat(48), clockTrusted: false },
    };
    const lines = renderStatus(worst, SCREEN);
    expect(lines.length).toBeLessThanOrEqual(LINES);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines[0]).toMatch(/^Losing data\? Yes\./);
    expect(lines).toContain('Links       64 of 64 open: holdfast links');
    expect(lines).toContain('Subdevices  300 connected, 100 asleep, 60 away, 40 never seen');
    expect(lines.filter((line) => line.startsWith('  ! '))).toHaveLength(5);
    expect(lines.at(-1)).toBe('  and 25 more: holdfast conditions · in full: holdfast status --full');
  });

  it('shows the parts in the same lines with and without conditions', () => {
    const labels = (conditions: readonly Condition[]): string[] =>
      renderStatus(reportOf(conditions), SCREEN).flatMap((line) => /^[A-Z]\w+(?= {2})/.exec(line)?.[0] ?? []);
    expect(labels([condition('hub-away', 'no')])).toEqual(labels([]));
    expect(labels(LONGEST)).toEqual(labels([]));
  });

  it('shows five conditions with remedy and duration, and the command that shows the others', () => {
    const report = reportOf(LONGEST);
    const lines = renderStatus(report, SCREEN);
    const first = lines.filter((line) => line.startsWith('  ! '));
    expect(first.map((line) => /^ {2}! ([\w-]+):/.exec(line)?.[1])).toEqual(
      report.conditions.slice(0, 5).map(({ code }) => code),
    );
    expect(lines.filter((line) => line.startsWith('    -> '))).toHaveLength(5);
    expect(lines.filter((line) => line.endsWith('… For 400 days.'))).toHaveLength(5);
    expect(lines.at(-1)).toMatch(/^ {2}and 3 more: holdfast conditions/);
  });

  it('shortens nothing if there is room', () => {
    const conditions = [condition('hub-away', 'no'), condition('link-down', 'no')];
    const text = renderStatus(judge({ ...AWAY, conditions }), SCREEN).join('\n');
    expect(text).not.toContain('holdfast conditions');
    expect(text).not.toContain('…');
    expect(text).not.toContain('--full');
  });

  it.each([
    [0, 1],
    [0, 2],
    [1, 2],
    [4, 1],
    [8, 2],
  ])('names the command that shows everything if a text is cut (%i conditions, %i links)', (conditions, links) => {
    const report = reportOf(LONGEST.slice(0, conditions), links);
    const hub = { ...report.hub, host: 'h'.repeat(200) };
    const whole: StatusReport = { ...report, hub, store: { ...report.store, path: `/${'p'.repeat(90)}` } };
    for (const width of [40, 80]) {
      const terminal = { ...SCREEN, width };
      const lines = renderStatus(whole, terminal);
      const full = renderFullStatus(whole, terminal);
      if (lines.some((line) => line.endsWith('…'))) expect(lines.at(-1)).toMatch(/in full: holdfast status --full$/);
      else expect(lines).toEqual(full);
      expect(full.join('\n')).not.toContain('…');
      expect(full.join('').replaceAll(/\s/g, '')).toContain(`${'h'.repeat(200)}:`);
    }
  });

  it('names one command in its last line if each condition is shown and any text is cut', () => {
    const report = reportOf(LONGEST.slice(0, 5));
    const whole: StatusReport = { ...report, store: { ...report.store, path: `/${'p'.repeat(90)}` } };
    expect(renderStatus(whole, SCREEN).at(-1)).toBe('  in full: holdfast status --full');
  });

  it.each(['tcp://192.168.100.200:4001', 'rfc2217://192.168.100.200:40001', 'tcp://[fe80::2e0:4cff:fe68:1]:502'])(
    'shows port and state of a link whose line is too long: %s',
    (path) => {
      const [link] = AWAY.links;
      if (link === undefined) throw new Error('no link');
      const lost = { path, state: 'waiting to reopen', forMs: 3_000_000, lastProblem: 'x'.repeat(80) } as const;
      const name = 'modbus-meters-of-the-boiler-house-of-building-7';
      const report = judge({ ...AWAY, conditions: LONGEST, links: [{ ...link, ...lost, name }] });
      const line = renderStatus(report, SCREEN).find((one) => one.startsWith('Links '));
      expect(line).toContain(` · ${path} · waiting 50 min`);
      expect(line?.length).toBeLessThanOrEqual(80);
    },
  );

  it('keeps the end of a port that is too long', () => {
    const [link] = AWAY.links;
    if (link === undefined) throw new Error('no link');
    const path = 'tcp://device-server-in-the-cellar.building-7.plant.example.net:4001';
    const report = judge({ ...AWAY, conditions: LONGEST, links: [{ ...link, path, name: 'meters-in-the-cellar' }] });
    const line = renderStatus(report, SCREEN).find((one) => one.startsWith('Links '));
    expect(line).toMatch(/· tcp:\/\/dev\S*…\S*example\.net:4001 · open 2 days 7 h/);
  });

  it('shows an unconfirmed clock first in the shortened line of the gateway', () => {
    const report = reportOf(LONGEST);
    const { process } = report;
    const worst = { ...report, process: { ...process, gateway: 'g'.repeat(48), clockTrusted: false } };
    const line = renderStatus(worst, SCREEN).find((one) => one.startsWith('Gateway '));
    expect(line).toMatch(/^Gateway {5}clock not confirmed · 0\.1\.0 · up 25 h · g+…$/);
  });

  it('shortens texts that holdfast conditions shows in full', () => {
    const { conditions } = reportOf(LONGEST);
    const text = allConditionLines(conditions, SCREEN).join(' ').replaceAll(/\s+/g, '');
    for (const { sentence, hint } of conditions)
      for (const words of [sentence, hint ?? '']) expect(text).toContain(words.replaceAll(/\s+/g, ''));
  });

  it('shows each condition once: the verdict does not repeat it', () => {
    const conditions = [condition('dead-letters', 'yes'), condition('store-volatile', 'at risk')];
    const [verdict = '', ...rest] = renderStatus(reportOf(conditions), SCREEN);
    expect(verdict).toBe('Losing data? Yes. 1,204 messages safe on disk, waiting for the hub (away 3 min).');
    for (const { sentence } of conditions) expect(rest.join('\n').split(sentence)).toHaveLength(2);
  });
});

describe('the order of conditions', () => {
  it('is by severity, and past conditions come after present ones', () => {
    const gap = condition('downlink-gap', 'at risk', 9_000_000);
    expect(
      codesOf([gap, condition('hub-away', 'no'), condition('shedding', 'yes'), condition('link-down', 'no')]),
    ).toEqual(['shedding', 'hub-away', 'link-down', 'downlink-gap']);
    expect(codesOf([condition('dead-letters', 'yes', 9000), condition('hub-refuses', 'at risk')])).toEqual([
      'dead-letters',
      'hub-refuses',
    ]);
    expect(codesOf([condition('damaged-rows', 'yes', 9000), condition('shedding', 'yes', 1)])[0]).toBe('shedding');
  });

  it('begins with a full disk, before its consequences', () => {
    const conditions = [
      condition('shedding', 'yes'),
      condition('store-volatile', 'at risk'),
      condition('store-full', 'at risk'),
    ];
    const report = reportOf(conditions);
    expect(report.conditions.map(({ code }) => code)).toEqual(['store-full', 'store-volatile', 'shedding']);
    expect([report.losing, report.sentence]).toEqual(['yes', expect.stringMatching(/^Yes\. It is store-full\./)]);
  });

  it('does not change the verdict, which is the worst of them', () => {
    expect(reportOf([condition('downlink-gap', 'at risk'), condition('hub-away', 'no')]).losing).toBe('at risk');
  });
});

it('is the same in README.md', () => {
  const screen = renderStatus(judge(AWAY), SCREEN).join('\n');
  expect(readFileSync('README.md', 'utf8')).toContain(`\`\`\`text\n$ holdfast status\n${screen}\n\`\`\``);
});
