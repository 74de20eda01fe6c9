/** A process that was stopped and continues: the gateway reports the gap, and doctor finds who holds its ports. */
import { expect, it } from 'vitest';
import type { TimedFinding } from '../../src/doctor/check.ts';
import type { EventsReport } from '../../src/ops/reports/events-report.ts';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

/** Longer than the shortest gap that is reported. */
const STOPPED_MS = 6500;

it('a gateway that was stopped reports for how long, and keeps its ports meanwhile', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const pid = testbed.gateway.pid ?? 0;
  const program = async (...words: string[]) =>
    JSON.parse((await runProgram('--json', '--config', testbed.configPath, ...words)).stdout);
  const gaps = async () =>
    ((await program('events')) as EventsReport).events.filter(({ name }) => name === 'gatewayPaused');
  expect(await gaps()).toEqual([]);
  const stoppedAtMs = performance.now();
  process.kill(pid, 'SIGSTOP');
  try {
    const { findings } = (await program('doctor')) as { findings: readonly TimedFinding[] };
    const ports = findings.filter(({ id }) => id.startsWith('link.port'));
    expect(ports.map(({ facts }) => facts.join(' '))).toEqual(
      testbed.subdevices.map(() =>
        expect.stringContaining(`is held by the gateway (process ${pid}), which does not answer`),
      ),
    );
    await until(() => performance.now() > stoppedAtMs + STOPPED_MS);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until(() => testbed.gateway.journal.includes('the gateway did not run for'));
  const [gap] = await gaps();
  expect(gap?.durationMs).toBeGreaterThan(STOPPED_MS - 1000);
  await testbed.expectNothingLost();
});
