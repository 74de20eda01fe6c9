/** A hub that repeats unacknowledged messages within the connection, and a gateway that acknowledges late. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const COMMANDS = 10;
const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

/**
 * The subdevice does not answer, and its commands are on the disk only after a second: the hub sends each ten times
 * more.
 */
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

/**
 * A copy that crosses its PUBACK is a new message [MQTT-4.3.2-2]: on a busy machine this can happen to each message. The
 * bound is that of the negative control.
 */
it('messages that the hub repeats before their PUBACK are accepted once and delivered once', async () => {
  const testbed = await commandInAbsence();
  const { downlink } = (await testbed.expectNothingLost()).totals;
  expect(downlink.accepted).toBeLessThan(COMMANDS * 3);
  expect(testbed.downlinks.duplicates).toBe(downlink.accepted - COMMANDS);
});

it('negative control: a gateway that ignores DUP delivers them again and again', async () => {
  const testbed = await commandInAbsence({ program: HEEDLESS, env: { OVERLOOKS: 'dup' } });
  const ledger = await testbed.untilIdle();
  expect(ledger.totals.downlink.accepted).toBeGreaterThan(COMMANDS * 3);
});
