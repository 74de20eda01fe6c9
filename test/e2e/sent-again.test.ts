/** A hub that sends again, within the connection, what is not acknowledged soon enough, and a gateway that takes its time. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type House, type HousePlan, openHouse } from './testbed.ts';
import { until } from './until.ts';

const COMMANDS = 10;
const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

/** The subdevice does not answer, and a second goes by until its commands are on the disk: the hub sends each ten times more. */
async function commandInAbsence(plan: HousePlan = {}): Promise<House> {
  const house = await openHouse({
    subdevices: { a: {} },
    rules: { retransmitMs: 100 },
    config: { inbox: { hold_ms: 1050, replay_interval_ms: 0 } },
    ...plan,
  });
  await house.start();
  const a = house.subdevice('a');
  a.stop();
  for (let count = 0; count < COMMANDS; count += 1) house.command(a);
  await until(() => house.session?.inFlight === 0);
  a.start();
  return house;
}

/** A copy that meets its PUBACK on the way is a new message [MQTT-4.3.2-2]: on a busy machine one or another does. */
it('what the hub sends again before its PUBACK is taken once and delivered once', async () => {
  const house = await commandInAbsence();
  const { downlink } = (await house.expectNothingLost()).totals;
  expect(downlink.accepted).toBeLessThan(COMMANDS * 2);
  expect(house.downlinks.duplicates).toBe(downlink.accepted - COMMANDS);
});

it('by a gateway that overlooks DUP it is delivered again and again', async () => {
  const house = await commandInAbsence({ program: HEEDLESS, env: { OVERLOOKS: 'dup' } });
  const ledger = await house.untilIdle();
  expect(ledger.totals.downlink.accepted).toBeGreaterThan(COMMANDS * 3);
});
