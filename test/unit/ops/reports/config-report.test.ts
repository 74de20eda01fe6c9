/** Report for `config diff`: links whose restart loses uplinks. */
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
  const report = configReportOf(path, { config: running.config, sections: running.sections, mark: 'm' }, CONFIRMED);
  expect(report).toMatchObject({ problems: [], changes: [{ key: 'link[meters].baud_rate' }], lossyLinks });
});
