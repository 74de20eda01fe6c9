/** The common mistake in the field: a cloned card, and two gateways that compete with one identity. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const PENDING = async ({ gateway }: Testbed): Promise<number> => (await gateway.ledger()).totals.uplink.pending;
const isWarned = (testbed: Testbed): Promise<unknown> =>
  testbed.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'hub-taken-over'));
const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

/** Two gateways with one identity, each with a subdevice that sends. */
async function twins(plan: TestbedPlan = {}): Promise<readonly [one: Testbed, other: Testbed]> {
  const one = await openTestbed({ ...plan, subdevices: { a: {} } });
  const other = await openTestbed({ ...plan, subdevices: { b: {} }, config: { hub: { port: one.hub.port } } });
  one.hub.onArrived((arrival) => other.arrive(arrival));
  for (const testbed of [one, other]) {
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    testbed.publish(50);
  }
  return [one, other];
}

it('two gateways with one identity keep everything, report it, and the remaining one recovers by itself', async () => {
  const [one, other] = await twins();
  await Promise.all([isWarned(one), isWarned(other)]);
  const gap = /^Downlinks may be missing \(another client may have used our session\); the gap began .* ago\.$/;
  for (const testbed of [one, other])
    await testbed.untilStatus(({ conditions }) => conditions.some(({ sentence }) => gap.test(sentence)));
  expect(one.gateway.journal).toMatch(/either another gateway uses the same client id, or the hub/);
  for (const testbed of [one, other]) {
    testbed.publish(50);
    await testbed.untilAcknowledged();
  }

  await other.gateway.signal('SIGTERM');
  await one.untilStatus(({ hub }) => hub.state === 'connected');
  await until(async () => (await PENDING(one)) === 0);
  expect(one.uplinks).toMatchObject({ sent: 100, delivered: 100, missing: 0, reordered: 0 });

  await one.gateway.signal('SIGTERM');
  await other.gateway.start();
  await until(async () => (await PENDING(other)) === 0);
  expect(other.uplinks).toMatchObject({ sent: 100, delivered: 100, missing: 0, reordered: 0 });
  expect((await other.gateway.ledger()).balances).toBe(true);
});

it('negative control: two gateways without the check disconnect each other ten times as often, and report nothing', async () => {
  const [one, other] = await twins({ program: HEEDLESS, env: { OVERLOOKS: 'rivals' } });
  await until(() => one.events.filter(({ kind }) => kind === 'connected').length >= 30);
  for (const { gateway } of [one, other])
    expect((await gateway.status()).conditions.map(({ code }) => code)).not.toContain('hub-taken-over');
});
