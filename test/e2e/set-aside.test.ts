/** A machine that throws loses one message and begins again; the process, and everybody else, goes on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { decodeRecording } from '../../src/recorder/recording-file.ts';
import { FILTER, type House, openHouse } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const THROWING = fileURLToPath(new URL('./gateway-that-throws.ts', import.meta.url));

async function openThrowing(): Promise<House> {
  const house = await openHouse({ program: THROWING, subdevices: { a: { keepAliveMs: 1000 }, b: {} } });
  await house.start();
  return house;
}

async function untilSetAside(house: House, at: string): Promise<void> {
  const { conditions } = await house.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'message-set-aside'),
  );
  const found = conditions.find(({ code }) => code === 'message-set-aside');
  expect(found).toMatchObject({ losing: 'yes', sentence: expect.stringContaining(at) });
}

function recordingsOf(house: House): string[] {
  const folder = join(house.stateDir, 'recordings');
  return readdirSync(folder).map((name) => join(folder, name));
}

it('a link that throws on what comes in begins again, ever more seldom, and the other link does not notice', async () => {
  const house = await openThrowing();
  house.subdevice('a').publish('within');
  await untilSetAside(house, 'link-a');
  for (let count = 0; count < 20; count += 1) house.subdevice('b').publish('t');
  await until(() => house.subdevice('b').uplinks.delivered === 20);
  await until(() => recordingsOf(house).length === 1);
  const [path = ''] = recordingsOf(house);
  expect(path).toMatch(/link-link-a-bug\.recording$/);
  expect(decodeRecording(readFileSync(path), path).steps.at(-1)).toMatchObject({
    input: { kind: 'bytes' },
    state: 'broken',
  });
  // this program has no such bug
  expect(await runProgram('replay', path)).toMatchObject({ code: 1, stdout: expect.stringContaining('it threw') });
  expect(await house.gateway.signal('SIGTERM')).toBe(0);
});

it('a downlink on which a link throws is shed, and the next one is delivered, over a start too', async () => {
  const house = await openThrowing();
  for (const payload of ['poison', 'fine']) {
    house.hub.publish({ topic: `${GATEWAY}/a/${FILTER}`, payload: Buffer.from(payload), qos: 1 });
  }
  await untilSetAside(house, 'link-a');
  await until(async () => (await house.gateway.ledger()).totals.downlink.delivered === 1);
  const { totals, balances } = await house.gateway.ledger();
  expect([totals.downlink.shed, balances]).toEqual([{ 'set aside after a fault': 1 }, true]);
  house.publish(5);
  await house.untilAcknowledged();
  await house.gateway.signal('SIGTERM');
  await house.gateway.start();
  house.publish(5);
  await house.untilAcknowledged();
  expect((await house.gateway.status()).conditions.map(({ code }) => code)).not.toContain('message-set-aside');
});

it('an uplink on which the hub client throws is set aside, and the others are delivered', async () => {
  const house = await openThrowing();
  house.publish(2);
  house.subdevice('a').publish('t/poison');
  house.publish(2);
  await untilSetAside(house, 'hub');
  await house.untilAcknowledged();
  await until(async () => {
    const { uplink } = (await house.gateway.ledger()).totals;
    return uplink.delivered === 8 && uplink.dead + (uplink.shed['set aside after a fault'] ?? 0) === 1;
  });
  expect((await house.gateway.ledger()).balances).toBe(true);
});
