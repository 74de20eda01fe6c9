/** A sleeping subdevice in the output of every command, and its state after a restart. */
import { expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

it('a sleeping subdevice is shown as asleep, with the time of its loss, until it connects; a restart ends the sleep', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const sleeper = testbed.subdevice('a');
  let sleeps = 0;
  sleeper.onReport(({ kind }) => {
    if (kind === 'slept') sleeps += 1;
  });
  sleeper.command({ kind: 'sleep', durationMs: 600_000 });
  await until(() => sleeps > 0);
  const { links } = await testbed.untilStatus((status) => status.links[0]?.asleep.length === 1);
  expect(links[0]).toMatchObject({ subdevices: ['a'], asleep: [{ subdevice: 'a' }], probeable: [] });
  // One and a half times its sleep (MQTT-SN 1.2 §6.14).
  const { lostInMs = 0 } = links[0]?.asleep[0] ?? {};
  expect(lostInMs).toBeGreaterThan(800_000);
  expect(lostInMs).toBeLessThanOrEqual(900_000);
  const run = async (...words: readonly string[]) =>
    (await runProgram('--config', testbed.configPath, ...words)).stdout.replaceAll(/\s+/g, ' ');
  expect(await run('status')).toMatch(/1 subdevice, asleep: a \(lost in 14 min unless it wakes\)/);
  expect(await run('links')).toMatch(/link-a: .*a is asleep \(lost in 14 min unless it wakes\)/);
  expect(await run('subdevices')).toMatch(/\ba link-a asleep, 14 min left/);
  expect(await run('link', 'test', 'link-a', '--seconds', '1')).toContain('all connected subdevices are asleep');
  sleeper.stop(); // The subdevice would connect at once: it is called back.
  await testbed.gateway.signal('SIGTERM');
  await testbed.gateway.start();
  const after = await testbed.untilStatus((status) => status.links[0]?.state === 'open');
  expect(after.links[0]).toMatchObject({ subdevices: [], asleep: [] });
  expect(await run('subdevices')).toMatch(/\ba link-a away, session kept/);
});
