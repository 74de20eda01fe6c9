/** A message on which a flow throws ends the process once: the next process sets it aside, and everybody else goes on. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { FILTER, type House, openHouse } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const THROWING = fileURLToPath(new URL('./gateway-that-throws.ts', import.meta.url));

async function openThrowing(): Promise<House> {
  const house = await openHouse({ program: THROWING });
  await house.start();
  return house;
}

async function untilEnded(house: House, what: string): Promise<void> {
  expect(await house.gateway.ended()).toBe(EXIT.bug);
  expect(house.gateway.journal).toContain(what);
  expect(readdirSync(join(house.stateDir, 'recordings')).join()).toContain('-bug.recording');
}

/** It is said, and the messages of others pass. */
async function untilSetAside(house: House, what: string): Promise<void> {
  const { conditions } = await house.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'message-set-aside'),
  );
  const found = conditions.find(({ code }) => code === 'message-set-aside');
  expect(found).toMatchObject({ losing: 'yes', sentence: expect.stringContaining(what) });
  for (let count = 0; count < 5; count += 1) house.subdevice('b').publish('t');
  await until(() => house.subdevice('b').uplinks.delivered >= 5);
}

it('an uplink is refused by the next process; without the mark it ends that one too', async () => {
  const house = await openThrowing();
  house.subdevice('a').publish('astray');
  await untilEnded(house, 'planted in a flow');
  rmSync(join(house.stateDir, 'fault-marks'));
  await house.gateway.start();
  expect(await house.gateway.ended()).toBe(EXIT.bug);
  await house.gateway.start();
  await untilSetAside(house, 'report uplink of a on astray');
  // the subdevice may have sent it again before it was refused
  expect((await house.gateway.ledger()).totals.uplink.shed['set aside after a fault']).toBeGreaterThan(0);
  expect(await house.gateway.signal('SIGTERM')).toBe(0);
});

it('an uplink in the store is a dead letter of the next process', async () => {
  const house = await openThrowing();
  await house.loseHub();
  house.subdevice('a').publish('t/unsendable');
  await house.untilAcknowledged();
  house.restoreHub();
  await untilEnded(house, 'planted in a sending');
  await house.gateway.start();
  await untilSetAside(house, 't/unsendable');
  const { totals, balances } = await house.gateway.ledger();
  expect([totals.uplink.dead, balances]).toEqual([1, true]);
  const letters = await runProgram('dead-letters', 'show', '1', '--config', house.configPath);
  expect(letters.stdout).toContain('the gateway failed on it: planted in a sending');
});

it('a downlink that the hub sends again is acknowledged and shed by the next process', async () => {
  const house = await openThrowing();
  const send = (text: string): void =>
    house.hub.publish({ topic: `${GATEWAY}/a/${FILTER}`, payload: Buffer.from(text), qos: 1 });
  send('astray');
  send('fine');
  await untilEnded(house, 'planted in an arrival');
  await house.gateway.start();
  await untilSetAside(house, 'arrival on');
  await until(async () => (await house.gateway.ledger()).totals.downlink.delivered === 1);
  const { totals, balances } = await house.gateway.ledger();
  expect([totals.downlink.shed, balances]).toEqual([{ 'set aside after a fault': 1 }, true]);
  await house.gateway.signal('SIGTERM');
  await house.gateway.start(); // the hub has its PUBACK, and does not send it again
  house.command(house.subdevice('a'));
  await until(async () => (await house.gateway.ledger()).totals.downlink.delivered === 2);
});
