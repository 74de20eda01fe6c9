/** A machine that throws loses one message and starts again; the process, and everything else, continues. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { decodeRecording } from '../../src/recorder/recording-file.ts';
import { runProgram } from './program.ts';
import { FILTER, openTestbed, type Testbed } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';

const THROWING = fileURLToPath(new URL('./gateway-that-throws.ts', import.meta.url));

async function openThrowing(): Promise<Testbed> {
  const testbed = await openTestbed({ program: THROWING, subdevices: { a: { keepAliveMs: 1000 }, b: {} } });
  await testbed.start();
  return testbed;
}

async function untilSetAside(testbed: Testbed, at: string): Promise<void> {
  const { conditions } = await testbed.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'message-set-aside'),
  );
  const found = conditions.find(({ code }) => code === 'message-set-aside');
  expect(found).toMatchObject({ losing: 'yes', sentence: expect.stringContaining(at) });
}

function recordingsOf(testbed: Testbed): string[] {
  const folder = join(testbed.stateDir, 'recordings');
  return readdirSync(folder).map((name) => join(folder, name));
}

it('a link that throws on input starts again, after growing pauses, and the other link is not affected', async () => {
  const testbed = await openThrowing();
  testbed.subdevice('a').publish('within');
  await untilSetAside(testbed, 'link-a');
  for (let count = 0; count < 20; count += 1) testbed.subdevice('b').publish('t');
  await until(() => testbed.subdevice('b').uplinks.delivered === 20);
  await until(() => recordingsOf(testbed).length === 1);
  const [path = ''] = recordingsOf(testbed);
  expect(path).toMatch(/link-link-a-bug\.recording$/);
  expect(decodeRecording(readFileSync(path), path).steps.at(-1)).toMatchObject({
    input: { kind: 'bytes' },
    state: 'broken',
  });
  // This program has no such bug.
  expect(await runProgram('replay', path)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('threw an error'),
  });
  expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
});

it('a downlink on which a link throws is shed, and the next one is delivered, across a restart too', async () => {
  const testbed = await openThrowing();
  for (const payload of ['poison', 'fine']) {
    testbed.hub.publish({ topic: `${GATEWAY}/a/${FILTER}`, payload: Buffer.from(payload), qos: 1 });
  }
  await untilSetAside(testbed, 'link-a');
  await until(async () => (await testbed.gateway.ledger()).totals.downlink.delivered === 1);
  const { totals, balances } = await testbed.gateway.ledger();
  expect([totals.downlink.shed, balances]).toEqual([{ 'set aside after a fault': 1 }, true]);
  testbed.publish(5);
  await testbed.untilAcknowledged();
  await testbed.gateway.signal('SIGTERM');
  await testbed.gateway.start();
  testbed.publish(5);
  await testbed.untilAcknowledged();
  expect((await testbed.gateway.status()).conditions.map(({ code }) => code)).not.toContain('message-set-aside');
});

it('an uplink on which the hub client throws is set aside, and the others are delivered', async () => {
  const testbed = await openThrowing();
  testbed.publish(2);
  testbed.subdevice('a').publish('t/poison');
  testbed.publish(2);
  await untilSetAside(testbed, 'hub');
  await testbed.untilAcknowledged();
  await until(async () => {
    const { uplink } = (await testbed.gateway.ledger()).totals;
    return uplink.delivered === 8 && uplink.dead + (uplink.shed['set aside after a fault'] ?? 0) === 1;
  });
  expect((await testbed.gateway.ledger()).balances).toBe(true);
});

it('a downlink on which the hub client throws is acknowledged and set aside, and the connection continues', async () => {
  const testbed = await openThrowing();
  for (const payload of ['unreadable', 'fine'])
    testbed.hub.publish({ topic: `${GATEWAY}/a/${FILTER}`, payload: Buffer.from(payload), qos: 1 });
  await untilSetAside(testbed, 'hub');
  await until(async () => (await testbed.gateway.ledger()).totals.downlink.delivered === 1);
  const { totals, balances } = await testbed.gateway.ledger();
  expect([totals.downlink.shed, balances]).toEqual([{ 'set aside after a fault': 1 }, true]);
  expect((await testbed.gateway.status()).hub).toMatchObject({ state: 'connected', lastProblem: null });
});
