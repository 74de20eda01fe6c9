/** Report for `config diff`: links whose restart loses uplinks, and the changes of the hub over the file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../../src/config/parse.ts';
import { CONFIRMED, configReportOf } from '../../../../src/ops/reports/config-report.ts';
import { GENERIC } from '../../config/config-rig.ts';

it.each([
  { driver: 'lines', table: '[link.lines]\nsubdevice = "meter-1"\n', lossyLinks: ['meters'] },
  { driver: 'lines', table: '[link.lines]\nsubdevice = "meter-1"\nack = "OK"\n', lossyLinks: [] },
  { driver: 'mqttsn', table: '', lossyLinks: [] },
])('names a link of the driver $driver that restarts: $lossyLinks', ({ driver, table, lossyLinks }) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'holdfast.toml');
  const text = (baud: number) =>
    GENERIC.replace(
      /path = "\/dev\/ttyUSB0"\n?/,
      `path = "/dev/ttyUSB0"\nbaud_rate = ${baud}\ndriver = "${driver}"\n${table}\n`,
    );
  const running = parseConfig(text(9600));
  if (!running.ok) throw new Error(JSON.stringify(running.problems));
  writeFileSync(path, text(19_200));
  const report = configReportOf(
    {
      configPath: path,
      source: { readFile: () => '', parse: parseConfig },
      read: () => text(19_200),
      hub: null,
    },
    { config: running.config, sections: running.sections, mark: 'm' },
    CONFIRMED,
  );
  expect(report).toMatchObject({ problems: [], changes: [{ key: 'link[meters].baud_rate' }], lossyLinks });
});

it('names the changes of the hub over the file with both values', () => {
  const withHub = GENERIC.replace('[[link]]', '[outbox]\nhold_ms = 50\n[[link]]');
  const running = parseConfig(withHub);
  if (!running.ok) throw new Error(JSON.stringify(running.problems));
  const hub = { version: '7', keys: ['outbox.hold_ms'] };
  const source = { readFile: () => GENERIC, parse: parseConfig };
  const input = { configPath: '/x', source, read: () => withHub, hub };
  expect(configReportOf(input, { ...running, mark: 'm' }, CONFIRMED)).toMatchObject({
    ...{ changes: [], hub },
    hubChanges: [{ key: 'outbox.hold_ms', old: '200', new: '50' }],
  });
  const invalid = { ...input, source: { ...source, readFile: () => '' } };
  expect(configReportOf(invalid, { ...running, mark: 'm' }, CONFIRMED).hubChanges).toEqual([]);
});
