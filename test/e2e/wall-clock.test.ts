/** The real process under a wall clock that is set by hand. */
import { describe, expect, it } from 'vitest';
import { BOOTS, FAKETIME_IS_MISSING, newWallClock } from './fake-clock.ts';
import { type House, openHouse } from './testbed.ts';
import { until } from './until.ts';

/** Kept, not delivered: commits and ages are what is looked at. */
const CONFIG = { outbox: { age_hours_max: 1 }, inbox: { age_hours_max: 1, replay_interval_ms: 0 } };

/** A clock that the test sets while the gateway runs. */
function newClock() {
  const { set, env } = newWallClock();
  return { set, plan: { env, config: CONFIG } };
}

/** The gateway has seen the clock that the test has set: it looks when it greets the hub. */
async function untilStepped(house: House, steps: number): Promise<void> {
  house.hub.setFault({ kind: 'dropConnections' });
  await until(() => (house.gateway.journal.match(/wall clock stepped/g) ?? []).length >= steps);
  await house.untilStatus(({ hub }) => hub.state === 'connected');
}

describe.skipIf(FAKETIME_IS_MISSING)('a wall clock', () => {
  it('that is set twenty years ahead and back while running loses and expires nothing', async () => {
    const clock = newClock();
    const house = await openHouse(clock.plan);
    await house.start();
    house.publish(20);
    clock.set('+20y');
    await untilStepped(house, 1);
    house.publish(20);
    for (const subdevice of house.subdevices) house.command(subdevice);
    await house.loseHub();
    house.publish(20);
    await house.untilAcknowledged();
    clock.set('-20y');
    const { outbox } = await house.gateway.status();
    expect(outbox.oldest).toMatchObject({ quality: 'exact' });
    expect(outbox.oldest?.ms).toBeLessThan(10 * 60_000);
    house.restoreHub();
    await untilStepped(house, 2);
    const { totals } = await house.expectNothingLost();
    expect([totals.uplink.shed, totals.downlink.shed]).toEqual([{}, {}]);
    expect((await house.gateway.status()).links.map(({ lastProblem }) => lastProblem)).toEqual([null, null]);
  });

  it('that starts in 1970 is told of and hinders nothing', async () => {
    const clock = newClock();
    clock.set('@1970-01-01 00:10:00');
    const house = await openHouse(clock.plan);
    await house.start();
    house.publish(20);
    await house.expectNothingLost();
    const status = await house.gateway.status();
    expect(status.process.clockTrusted).toBe(false);
    expect(status.conditions).toMatchObject([{ code: 'clock-untrusted', losing: 'no' }]);
    clock.set('+0');
    await untilStepped(house, 1);
    expect((await house.gateway.status()).conditions).toEqual([]);
  });

  it('that is wrong after a restart, in this boot and in the next, makes no age longer than it is', async () => {
    const clock = newClock();
    const house = await openHouse(clock.plan);
    await house.start();
    await house.loseHub();
    house.publish(20);
    await house.untilAcknowledged();
    for (const [boot, time, quality] of [
      [BOOTS[0], '+20y', 'exact'],
      [BOOTS[1], '-20y', 'at_least'],
    ] as const) {
      await house.gateway.signal('SIGKILL');
      clock.set(time);
      clock.plan.env.HOLDFAST_BOOT_ID = boot ?? '';
      await house.gateway.start();
      const { outbox } = await house.untilStatus((status) => status.outbox.oldest !== null);
      // in the second boot the time the sandbox was on before counts once more: hours, not years
      expect(outbox.oldest).toMatchObject({ quality });
      expect(outbox.messages).toBe(40);
    }
    house.restoreHub();
    await house.untilIdle();
    const { totals } = await house.gateway.ledger();
    expect(totals.uplink.delivered + (totals.uplink.shed.expired ?? 0)).toBe(40);
  });
});
