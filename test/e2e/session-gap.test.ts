/** Downlinks that may be missing: reported until an operator has handled them, over restarts too. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { give } from '../../src/ops/api/control-client.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const conditionsOf = async (testbed: Testbed): Promise<string[]> =>
  (await testbed.gateway.status()).conditions.map(({ code }) => code);

const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

/** The gateway is killed as soon as it has reported a gap. @returns true if the restarted gateway knows the gap */
async function isNotedAtOnce(plan: TestbedPlan = {}): Promise<boolean> {
  const testbed = await openTestbed(plan);
  await testbed.start();
  await testbed.loseHub();
  testbed.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
  testbed.restoreHub();
  await until(() => testbed.session?.subscriptions.length === 2);
  await testbed.gateway.ledger(); // The store answers in order: earlier changes are written.
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  const { hub } = await testbed.untilStatus(({ hub }) => hub.session.finding === 'resumed');
  return hub.session.gap !== null;
}

/** The hub loses the session while the gateway is away. */
async function forget(testbed: Testbed): Promise<void> {
  await testbed.loseHub();
  testbed.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
  testbed.restoreHub();
  await testbed.untilStatus(({ hub }) => hub.session.finding === 'lost');
}

describe('a session that the hub lost', () => {
  it('is a gap until an operator acknowledges it, also after a restart', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    await forget(testbed);
    expect(testbed.gateway.journal).toMatch(/session lost at the hub after \d+ s away/);
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    const { hub } = await testbed.untilStatus(({ hub }) => hub.session.finding === 'resumed');
    expect(hub.session.gap).toMatchObject({ reason: 'session lost', age: { quality: 'exact' } });
    expect(await conditionsOf(testbed)).toContain('downlink-gap');

    expect(await give(testbed.socketPath, 'gap.acknowledge', {})).toEqual({ acknowledged: true });
    expect(await conditionsOf(testbed)).not.toContain('downlink-gap');
    await expect(give(testbed.socketPath, 'gap.acknowledge', {})).rejects.toMatchObject({ code: 'command-rejected' });
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    expect((await testbed.gateway.status()).hub.session.gap).toBeNull();
  });

  it('is a gap even if the gateway is killed while it subscribes again; negative control: none if the record is not written', async () => {
    expect(await isNotedAtOnce()).toBe(true);
    expect(await isNotedAtOnce({ program: HEEDLESS, env: { OVERLOOKS: 'gaps' } })).toBe(false);
  });

  it('is reported to the application side on the resync topic, which clears the gap', async () => {
    const testbed = await openTestbed({ config: { hub: { resync_topic: 'gw/resync' } } });
    await testbed.start();
    await forget(testbed);
    await until(() => testbed.arrivals.some(({ topic }) => topic === 'gw/resync'));
    const resync = testbed.arrivals.find(({ topic }) => topic === 'gw/resync');
    expect(JSON.parse(Buffer.from(resync?.payload ?? []).toString())).toEqual({
      type: 'possible_gap',
      reason: 'session lost',
      away_ms: expect.any(Number),
      away_is: 'exact',
    });
    expect(await conditionsOf(testbed)).not.toContain('downlink-gap');
    const ledger = await testbed.expectNothingLost();
    expect(ledger.totals.uplink).toMatchObject({ accepted: 1, delivered: 1 });
  });
});
