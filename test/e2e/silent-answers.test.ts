/** A hub whose word comes late, is an old one, or never comes: what it answers to `$gateway`, and its PUBACKs. */
import { describe, expect, it } from 'vitest';
import type { HubFaults } from '../../src/bench/hub/faults.ts';
import { ask } from '../../src/ops/api/control-client.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { command, openStrictHouse } from './strict-hub-testbed.ts';
import { until } from './until.ts';

/** What `holdfast status` says. */
const wordsOf = async ({ configPath }: House): Promise<string> =>
  (await runProgram('status', '--config', configPath)).stdout;

/** Has the hub confirmed that the subdevice is online? */
async function isConfirmed({ socketPath }: House): Promise<boolean> {
  const asked = await ask(socketPath, '/v1/subdevices');
  return asked.kind === 'answered' && asked.report.subdevices.every(({ onlineAtHub }) => onlineAtHub === true);
}

/** Its hub has such answers from the beginning; messages go both ways, and none is lost. */
async function tradeWith(faults: Partial<HubFaults>): Promise<House> {
  const house = await openStrictHouse({ connectIntervalMs: 0 });
  house.setFaults(faults);
  await house.gateway.start();
  for (const subdevice of house.subdevices) house.enter(subdevice);
  await trade(house);
  return house;
}

async function trade(house: House): Promise<void> {
  await until(() => house.session?.subscriptions.some(({ filter }) => filter.endsWith('/cmd')) ?? false);
  house.publish(5);
  for (let count = 0; count < 5; count += 1) command(house);
  await house.expectNothingLost();
}

describe('answers of the hub', () => {
  it.each([
    ['late', { answers: 'late', answerDelayMs: 3000 }],
    ['later than the question is repeated', { answers: 'late', answerDelayMs: 7000 }],
    ['those of the question before', { answers: 'stale' }],
  ] as const)('that are %s cost nothing: the subdevice is confirmed in the end', async (_what, faults) => {
    const house = await tradeWith(faults);
    await until(() => isConfirmed(house));
    expect(await wordsOf(house)).toMatch(/^Losing data\? No\./);
    house.setFaults({ answers: 'prompt' });
    await trade(house);
  });

  it('that never come cost nothing, are told of, and are asked for again once the hub is back', async () => {
    const house = await tradeWith({ answers: 'missing' });
    await house.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'subdevice-unconfirmed'));
    expect(await wordsOf(house)).toContain('The hub does not answer: 1 subdevice announced as online');
    await trade(house);
    house.setFaults({ answers: 'prompt' });
    house.hub.setFault({ kind: 'dropConnections' });
    await until(() => isConfirmed(house));
    expect(await wordsOf(house)).not.toContain('The hub does not answer');
    await trade(house);
  });
});

describe('PUBACKs that the hub keeps back on some topics', () => {
  it('hold up only these, are told of, and cost nothing once they come again', async () => {
    const config = { hub: { puback_ms_max: 300, attempts_max: 1000 } };
    const house = await openHouse({ config });
    await house.start();
    house.setFaults({ swallowsPubacks: ['gw/a/+'] });
    house.publish(10);
    await house.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'hub-pubacks-missing'));
    expect(await wordsOf(house)).toContain('The hub does not acknowledge what it is sent on 1 topic: gw/a/t.');
    const b = house.subdevice('b');
    await until(() => b.uplinks.delivered === 10 && house.subdevice('a').queued === 0);
    expect((await house.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 20, delivered: 10, pending: 10 });

    house.setFaults({ swallowsPubacks: false });
    await house.expectNothingLost();
    expect(await wordsOf(house)).toMatch(/^Losing data\? No\./);
    expect(house.subdevice('a').uplinks.duplicates).toBeGreaterThan(0);
  });
});
