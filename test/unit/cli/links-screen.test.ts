/** `holdfast links` and `holdfast top` on 80 columns: addresses of device servers and states are not cut. */
import { expect, it } from 'vitest';
import { withoutMiddle } from '../../../src/cli/columns.ts';
import { showLinks } from '../../../src/cli/show-links.ts';
import { TopModel } from '../../../src/cli/top/top-model.ts';
import { renderTop } from '../../../src/cli/top/top-view.ts';
import type { LinkReport } from '../../../src/ops/reports/link-report.ts';
import { judge } from '../../../src/ops/verdict.ts';
import { AWAY, withControl } from '../ops/api/control-rig.ts';

const LONG_NAME = 'modbus-meters-of-the-boiler-house-of-building-7';

function linkWith(fields: Partial<LinkReport>): LinkReport {
  const [link] = AWAY.links;
  if (link === undefined) throw new Error('no link');
  const rate = { overS: 10, bytesIn: 1200, bytesOut: 1, framesIn: 0.2, framesOut: 1, broken: 0 };
  const roundTrip = { count: 3, p50Ms: 120, p99Ms: 1400 };
  return { ...link, rates: [rate, rate, rate], roundTrip, ...fields };
}

async function linesOf(links: readonly LinkReport[], width: number): Promise<string[]> {
  const lines: string[] = [];
  await withControl(async ({ gateway, socketPath }) => {
    gateway.facts = { ...AWAY, links };
    const print = (text: string): void => void lines.push(...text.split('\n'));
    const terminal = { width, isScreen: true, print, tone: (_tone: string, text: string) => text };
    await showLinks({ terminal, asJson: false, configPath: '/nowhere', socketPath });
  });
  return lines;
}

it.each(['meters', 'modbus-tcp-hall-7', LONG_NAME])('links show address and state in full: %s', async (name) => {
  const path = 'rfc2217://192.168.100.200:40001';
  const lines = await linesOf([linkWith({ name, path, state: 'waiting to reopen' })], 80);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/^link +state +frames\/s/);
  expect(lines[1]).toMatch(/ waiting +0\.2\/0\.2\/0\.2 +1\.2 KiB .* 120 ms +1\.4 s$/);
  const text = lines.slice(2).join(' ').replaceAll(/\s+/g, ' ').trim();
  expect(text.startsWith(`${name}: ${path}; waiting to reopen; opened 1 time`)).toBe(true);
  expect(lines.some((line) => line.includes(path))).toBe(true);
});

it('links have the port in the table if the terminal is wide enough', async () => {
  const lines = await linesOf([linkWith({ path: 'tcp://10.0.0.9:4001', state: 'opening' })], 120);
  expect(lines[0]).toMatch(/^link +port +state/);
  expect(lines[1]).toMatch(/^meters +tcp:\/\/10\.0\.0\.9:4001 +opening /);
  expect(lines.filter((line) => line.includes('10.0.0.9'))).toHaveLength(1);
});

it('top shows address, state and the newest part of the curve', () => {
  const model = new TopModel();
  const path = 'tcp://192.168.1.200:4001';
  for (let at = 0; at < 10; at += 1) {
    const link = linkWith({ name: LONG_NAME, path, state: 'waiting to reopen' });
    const counters = { ...link.counters, framesIn: at * at };
    model.answered(judge({ ...AWAY, links: [{ ...link, counters }] }), [], at * 1000);
  }
  const screen = { width: 80, height: 24, isScreen: true, isAscii: true, print: () => undefined };
  const lines = renderTop(model, { ...screen, tone: (_, text) => text });
  expect(lines.find((line) => line.includes('> modbus'))).toMatch(/… +192\.168\.1\.200:4001 .* waiting .*#$/);
});

it('a text loses its middle, and is never wider than its column', () => {
  expect(withoutMiddle('tcp://192.168.100.200:4001', 26)).toBe('tcp://192.168.100.200:4001');
  expect(withoutMiddle('tcp://192.168.100.200:4001', 25)).toBe('tcp://19…168.100.200:4001');
  for (const width of [1, 2, 3, 8]) expect(withoutMiddle('0123456789', width)).toHaveLength(width);
});
