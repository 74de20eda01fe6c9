/** The real process under a wall clock that the test sets. */
import { describe, expect, it } from 'vitest';
import { BOOTS, FAKETIME_IS_MISSING, newWallClock } from './fake-clock.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Messages are stored, not delivered: the tests look at commits and ages. */
const CONFIG = { outbox: { age_hours_max: 1 }, inbox: { age_hours_max: 1, replay_interval_ms: 0 } };

/** Clock that the test sets while the gateway runs. */
function newClock() {
  const { set, env } = newWallClock();
  return { set, plan: { env, config: CONFIG } };
}

/** The gateway has read the clock that the test has set: it reads it at each CONNECT. */
async function untilStepped(testbed: Testbed, steps: number): Promise<void> {
  testbed.hub.setFault({ kind: 'dropConnections' });
  await until(() => (testbed.gateway.journal.match(/clock stepped/g) ?? []).length >= steps);
  await testbed.untilStatus(({ hub }) => hub.state === 'connected');
}

describe.skipIf(FAKETIME_IS_MISSING)('a wall clock', () => {
  it('that is set twenty years ahead and back during operation loses and expires nothing', async () => {
    const clock = newClock();
    const testbed = await openTestbed(clock.plan);
    await testbed.start();
    testbed.publish(20);
    clock.set('+20y');
    await untilStepped(testbed, 1);
    testbed.publish(20);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.loseHub();
    testbed.publish(20);
    await testbed.untilAcknowledged();
    clock.set('-20y');
    const { outbox } = await testbed.gateway.status();
    expect(outbox.oldest).toMatchObject({ quality: 'exact' });
    expect(outbox.oldest?.ms).toBeLessThan(10 * 60_000);
    testbed.restoreHub();
    await untilStepped(testbed, 2);
    const { totals } = await testbed.expectNothingLost();
    expect([totals.uplink.shed, totals.downlink.shed]).toEqual([{}, {}]);
    expect((await testbed.gateway.status()).links.map(({ lastProblem }) => lastProblem)).toEqual([null, null]);
  });

  it('that starts in 1970 is reported and prevents nothing', async () => {
    const clock = newClock();
    clock.set('@1970-01-01 00:10:00');
    const testbed = await openTestbed(clock.plan);
    await testbed.start();
    testbed.publish(20);
    await testbed.expectNothingLost();
    const status = await testbed.gateway.status();
    expect(status.process.clockTrusted).toBe(false);
    expect(status.conditions).toMatchObject([{ code: 'clock-untrusted', losing: 'no' }]);
    clock.set('+0');
    await untilStepped(testbed, 1);
    expect((await testbed.gateway.status()).conditions).toEqual([]);
  });

  it('that is wrong after a restart, in this boot and in the next, makes no age longer than it is', async () => {
    const clock = newClock();
    const testbed = await openTestbed(clock.plan);
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(20);
    await testbed.untilAcknowledged();
    for (const [boot, time, quality] of [
      [BOOTS[0], '+20y', 'exact'],
      [BOOTS[1], '-20y', 'at_least'],
    ] as const) {
      await testbed.gateway.signal('SIGKILL');
      clock.set(time);
      clock.plan.env.HOLDFAST_BOOT_ID = boot ?? '';
      await testbed.gateway.start();
      const { outbox } = await testbed.untilStatus((status) => status.outbox.oldest !== null);
      // After the second boot the age also includes the uptime of this machine, which is hours, not years.
      expect(outbox.oldest).toMatchObject({ quality });
      expect(outbox.messages).toBe(40);
    }
    testbed.restoreHub();
    await testbed.untilIdle();
    const { totals } = await testbed.gateway.ledger();
    expect(totals.uplink.delivered + (totals.uplink.shed.expired ?? 0)).toBe(40);
  });
});
