/**
 * A message on which a flow throws ends the process once: the next process sets it aside, and everything else
 * continues.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { runProgram } from './program.ts';
import { FILTER, openTestbed, type Testbed } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';

const THROWING = fileURLToPath(new URL('./gateway-that-throws.ts', import.meta.url));

async function openThrowing(): Promise<Testbed> {
  const testbed = await openTestbed({ program: THROWING });
  await testbed.start();
  return testbed;
}

async function untilEnded(testbed: Testbed, what: string): Promise<void> {
  expect(await testbed.gateway.ended()).toBe(EXIT.bug);
  expect(testbed.gateway.journal).toContain(what);
  expect(readdirSync(join(testbed.stateDir, 'recordings')).join()).toContain('-bug.recording');
}

/** Expects the report, and that other messages pass. */
async function untilSetAside(testbed: Testbed, what: string): Promise<void> {
  const { conditions } = await testbed.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'message-set-aside'),
  );
  const found = conditions.find(({ code }) => code === 'message-set-aside');
  expect(found).toMatchObject({ losing: 'yes', sentence: expect.stringContaining(what) });
  for (let count = 0; count < 5; count += 1) testbed.subdevice('b').publish('t');
  await until(() => testbed.subdevice('b').uplinks.delivered >= 5);
}

it('an uplink is rejected by the next process; negative control: without the mark it ends that one too', async () => {
  const testbed = await openThrowing();
  testbed.subdevice('a').publish('astray');
  await untilEnded(testbed, 'planted in a flow');
  rmSync(join(testbed.stateDir, 'fault-marks'));
  await testbed.gateway.start();
  expect(await testbed.gateway.ended()).toBe(EXIT.bug);
  await testbed.gateway.start();
  await untilSetAside(testbed, 'report uplink of a on astray');
  // The subdevice may have sent the message again before it was rejected.
  expect((await testbed.gateway.ledger()).totals.uplink.shed['set aside after a fault']).toBeGreaterThan(0);
  expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
});

it('an uplink in the store is a dead letter of the next process', async () => {
  const testbed = await openThrowing();
  await testbed.loseHub();
  testbed.subdevice('a').publish('t/unsendable');
  await testbed.untilAcknowledged();
  testbed.restoreHub();
  await untilEnded(testbed, 'planted in a sending');
  await testbed.gateway.start();
  await untilSetAside(testbed, 't/unsendable');
  const { totals, balances } = await testbed.gateway.ledger();
  expect([totals.uplink.dead, balances]).toEqual([1, true]);
  const letters = await runProgram('dead-letters', 'show', '1', '--config', testbed.configPath);
  expect(letters.stdout).toContain('the gateway failed on it: planted in a sending');
});

it('a downlink that the hub sends again is acknowledged and shed by the next process', async () => {
  const testbed = await openThrowing();
  const send = (text: string): void =>
    testbed.hub.publish({ topic: `${GATEWAY}/a/${FILTER}`, payload: Buffer.from(text), qos: 1 });
  send('astray');
  send('fine');
  await untilEnded(testbed, 'planted in an arrival');
  await testbed.gateway.start();
  await untilSetAside(testbed, 'arrival on');
  await until(async () => (await testbed.gateway.ledger()).totals.downlink.delivered === 1);
  const { totals, balances } = await testbed.gateway.ledger();
  expect([totals.downlink.shed, balances]).toEqual([{ 'set aside after a fault': 1 }, true]);
  await testbed.gateway.signal('SIGTERM');
  await testbed.gateway.start(); // The hub has its PUBACK, and does not send it again.
  testbed.command(testbed.subdevice('a'));
  await until(async () => (await testbed.gateway.ledger()).totals.downlink.delivered === 2);
});
