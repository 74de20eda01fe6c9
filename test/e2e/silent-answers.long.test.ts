/** A hub whose answers are late, outdated or missing: results of `$gateway`, and PUBACKs. */
import { describe, expect, it } from 'vitest';
import type { HubFaults } from '../../src/bench/hub/faults.ts';
import { ask } from '../../src/ops/api/control-client.ts';
import { runProgram } from './program.ts';
import { command, openStrictHubTestbed } from './strict-hub-testbed.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Output of `holdfast status`. */
const wordsOf = async ({ configPath }: Testbed): Promise<string> =>
  (await runProgram('status', '--config', configPath)).stdout;

/** True if the hub has confirmed that the subdevice is online. */
async function isConfirmed({ socketPath }: Testbed): Promise<boolean> {
  const asked = await ask(socketPath, '/v1/subdevices');
  return asked.kind === 'answered' && asked.report.subdevices.every(({ onlineAtHub }) => onlineAtHub === true);
}

/** The hub answers in this way from the beginning; messages go both ways, and none is lost. */
async function tradeWith(faults: Partial<HubFaults>): Promise<Testbed> {
  const testbed = await openStrictHubTestbed({ connectIntervalMs: 0 });
  testbed.setFaults(faults);
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  await trade(testbed);
  return testbed;
}

async function trade(testbed: Testbed): Promise<void> {
  await until(() => testbed.session?.subscriptions.some(({ filter }) => filter.endsWith('/cmd')) ?? false);
  testbed.publish(5);
  for (let count = 0; count < 5; count += 1) command(testbed);
  await testbed.expectNothingLost();
}

describe('answers of the hub', () => {
  it.each([
    ['late', { answers: 'late', answerDelayMs: 3000 }],
    ['later than the repetition of the request', { answers: 'late', answerDelayMs: 7000 }],
    ['those of the previous request', { answers: 'stale' }],
  ] as const)('that are %s cost nothing: the subdevice is confirmed later', async (_what, faults) => {
    const testbed = await tradeWith(faults);
    await until(() => isConfirmed(testbed));
    expect(await wordsOf(testbed)).toMatch(/^Losing data\? No\./);
    testbed.setFaults({ answers: 'prompt' });
    await trade(testbed);
  });

  it('that are missing cost nothing, are reported, and are requested again once the hub is back', async () => {
    const testbed = await tradeWith({ answers: 'missing' });
    await testbed.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'subdevice-unconfirmed'));
    expect(await wordsOf(testbed)).toContain('The hub does not confirm that 1 subdevice is online');
    await trade(testbed);
    testbed.setFaults({ answers: 'prompt' });
    testbed.hub.setFault({ kind: 'dropConnections' });
    await until(() => isConfirmed(testbed));
    expect(await wordsOf(testbed)).not.toContain('The hub does not answer');
    await trade(testbed);
  });
});

describe('PUBACKs that the hub withholds on some topics', () => {
  it('delay only these topics, are reported, and cost nothing once they come again', async () => {
    const config = { hub: { puback_ms_max: 300, attempts_max: 1000 } };
    const testbed = await openTestbed({ config });
    await testbed.start();
    testbed.setFaults({ swallowsPubacks: ['gw/a/+'] });
    testbed.publish(10);
    await testbed.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'hub-pubacks-missing'));
    expect(await wordsOf(testbed)).toMatch(
      /does not acknowledge messages on 1 topic: gw\/a\/t\.|acknowledges nothing: .*gw\/a\/t/,
    );
    const b = testbed.subdevice('b');
    await until(() => b.uplinks.delivered === 10 && testbed.subdevice('a').queued === 0);
    expect((await testbed.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 20, delivered: 10, pending: 10 });

    testbed.setFaults({ swallowsPubacks: false });
    await testbed.expectNothingLost();
    expect(await wordsOf(testbed)).toMatch(/^Losing data\? No\./);
    expect(testbed.subdevice('a').uplinks.duplicates).toBeGreaterThan(0);
  });
});
