/** A hub that sends again, within the connection, what is not acknowledged soon enough, and a gateway that takes its time. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const COMMANDS = 10;
const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

/** The subdevice does not answer, and a second goes by until its commands are on the disk: the hub sends each ten times more. */
async function commandInAbsence(plan: TestbedPlan = {}): Promise<Testbed> {
  const testbed = await openTestbed({
    subdevices: { a: {} },
    rules: { retransmitMs: 100 },
    config: { inbox: { hold_ms: 1050, replay_interval_ms: 0 } },
    ...plan,
  });
  await testbed.start();
  const a = testbed.subdevice('a');
  a.stop();
  for (let count = 0; count < COMMANDS; count += 1) testbed.command(a);
  await until(() => testbed.session?.inFlight === 0);
  a.start();
  return testbed;
}

/** A copy that meets its PUBACK on the way is a new message [MQTT-4.3.2-2]: on a busy machine one or another does. */
it('what the hub sends again before its PUBACK is taken once and delivered once', async () => {
  const testbed = await commandInAbsence();
  const { downlink } = (await testbed.expectNothingLost()).totals;
  expect(downlink.accepted).toBeLessThan(COMMANDS * 2);
  expect(testbed.downlinks.duplicates).toBe(downlink.accepted - COMMANDS);
});

it('by a gateway that overlooks DUP it is delivered again and again', async () => {
  const testbed = await commandInAbsence({ program: HEEDLESS, env: { OVERLOOKS: 'dup' } });
  const ledger = await testbed.untilIdle();
  expect(ledger.totals.downlink.accepted).toBeGreaterThan(COMMANDS * 3);
});
