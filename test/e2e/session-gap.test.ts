/** Downlinks that may be missing: shown until somebody has seen to them, over restarts too. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { give } from '../../src/ops/api/control-client.ts';
import { type House, type HousePlan, openHouse } from './testbed.ts';
import { until } from './until.ts';

const conditionsOf = async (house: House): Promise<string[]> =>
  (await house.gateway.status()).conditions.map(({ code }) => code);

const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

/** The gateway is killed as soon as it has told of a gap. @returns whether it knows of it when it is back */
async function isNotedAtOnce(plan: HousePlan = {}): Promise<boolean> {
  const house = await openHouse(plan);
  await house.start();
  await house.loseHub();
  house.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
  house.restoreHub();
  await until(() => house.session?.subscriptions.length === 2);
  await house.gateway.ledger(); // the store answers in turn: what it was given before is written
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  const { hub } = await house.untilStatus(({ hub }) => hub.session.finding === 'resumed');
  return hub.session.gap !== null;
}

/** The hub forgets the session while the gateway is away. */
async function forget(house: House): Promise<void> {
  await house.loseHub();
  house.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
  house.restoreHub();
  await house.untilStatus(({ hub }) => hub.session.finding === 'lost');
}

describe('a session that the hub lost', () => {
  it('is a gap until the technician acknowledges it, and a restart does not forget it', async () => {
    const house = await openHouse();
    await house.start();
    await forget(house);
    expect(house.gateway.journal).toMatch(/session lost at the hub after \d+ s away/);
    await house.gateway.signal('SIGTERM');
    await house.gateway.start();
    const { hub } = await house.untilStatus(({ hub }) => hub.session.finding === 'resumed');
    expect(hub.session.gap).toMatchObject({ reason: 'session lost', age: { quality: 'exact' } });
    expect(await conditionsOf(house)).toContain('downlink-gap');

    expect(await give(house.socketPath, 'gap.acknowledge', {})).toEqual({ acknowledged: true });
    expect(await conditionsOf(house)).not.toContain('downlink-gap');
    await expect(give(house.socketPath, 'gap.acknowledge', {})).rejects.toMatchObject({ code: 'order-refused' });
    await house.gateway.signal('SIGTERM');
    await house.gateway.start();
    expect((await house.gateway.status()).hub.session.gap).toBeNull();
  });

  it('is a gap though the gateway is killed while it subscribes again, and would be none if the note were not written', async () => {
    expect(await isNotedAtOnce()).toBe(true);
    expect(await isNotedAtOnce({ program: HEEDLESS, env: { OVERLOOKS: 'gaps' } })).toBe(false);
  });

  it('is told to the application side on the resync topic, which takes the gap over', async () => {
    const house = await openHouse({ config: { hub: { resync_topic: 'gw/resync' } } });
    await house.start();
    await forget(house);
    await until(() => house.arrivals.some(({ topic }) => topic === 'gw/resync'));
    const told = house.arrivals.find(({ topic }) => topic === 'gw/resync');
    expect(JSON.parse(Buffer.from(told?.payload ?? []).toString())).toEqual({
      type: 'possible_gap',
      reason: 'session lost',
      away_ms: expect.any(Number),
      away_is: 'exact',
    });
    expect(await conditionsOf(house)).not.toContain('downlink-gap');
    const ledger = await house.expectNothingLost();
    expect(ledger.totals.uplink).toMatchObject({ accepted: 1, delivered: 1 });
  });
});
