/** The gateway is given another identity at the hub, and then its first one back: each session holds what is wanted now. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type House, type HousePlan, openHouse } from './testbed.ts';
import { until } from './until.ts';

const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

async function becomes(house: House, clientId: string): Promise<void> {
  await house.gateway.signal('SIGTERM');
  const text = readFileSync(house.configPath, 'utf8').replace(/^client_id = .*\n/m, '');
  writeFileSync(house.configPath, text.replace('[hub]\n', `[hub]\nclient_id = "${clientId}"\n`));
  await house.gateway.start();
  await house.untilStatus(({ hub }) => hub.state === 'connected' && hub.clientId === clientId);
}

const filtersOf = (house: House, clientId: string): number =>
  house.hub.sessions().find((session) => session.clientId === clientId)?.subscriptions.length ?? 0;

/** In the end it is `gw` again, whose session is there and lacks the filter of b. */
async function swap(plan: HousePlan = {}): Promise<House> {
  const house = await openHouse(plan);
  await house.gateway.start();
  house.enter(house.subdevice('a'));
  await until(() => filtersOf(house, 'gw') === 1);
  await becomes(house, 'spare');
  house.enter(house.subdevice('b'));
  await until(() => filtersOf(house, 'spare') === 2);
  await becomes(house, 'gw');
  return house;
}

it('filters that another identity was granted are not believed of this one, and no command is lost', async () => {
  const house = await swap();
  await until(() => filtersOf(house, 'gw') === 2);
  for (const subdevice of house.subdevices) house.command(subdevice);
  await house.expectNothingLost();
});

it('a gateway that believes them never subscribes, and the command is lost', async () => {
  const house = await swap({ program: HEEDLESS, env: { OVERLOOKS: 'owners' } });
  for (const id of ['b', 'a']) house.command(house.subdevice(id));
  await until(() => house.subdevice('a').downlinks.delivered === 1);
  expect([filtersOf(house, 'gw'), house.subdevice('b').downlinks.delivered]).toEqual([1, 0]);
});
