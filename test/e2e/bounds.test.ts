/** A full outbox: each policy has its documented effect, and the ledger counts the loss. */
import { describe, expect, it } from 'vitest';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

describe('a full outbox', () => {
  it('that rejects makes the subdevice wait, and loses nothing once there is room', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} }, config: { outbox: { messages_max: 20 } } });
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(60);
    await until(() => testbed.uplinks.acknowledged === 20);
    const { conditions, losing } = await testbed.untilStatus(({ links }) => (links[0]?.counters.framesIn ?? 0) > 30);
    expect(conditions.map(({ code }) => code)).toContain('outbox-full');
    expect(losing).toBe('at risk');
    expect(testbed.uplinks.acknowledged).toBe(20);
    testbed.restoreHub();
    const { totals } = await testbed.expectNothingLost();
    expect(totals.uplink).toMatchObject({ accepted: 60, delivered: 60, shed: {} });
  });

  it.each([20, 150])('of %i that drops the oldest delivers the newest, in order', async (messages_max) => {
    const testbed = await overflow({ messages_max, overflow: 'drop-oldest' }, 250);
    expect(arrived(testbed)).toEqual(range(250 - messages_max + 1, 250));
    expect(await shedIn(testbed)).toEqual({ 'overflow drop-oldest': 250 - messages_max });
  });

  it('that drops the newest delivers the oldest, in order', async () => {
    const testbed = await overflow({ messages_max: 20, overflow: 'drop-newest' }, 60);
    expect(arrived(testbed)).toEqual(range(1, 20));
    expect(await shedIn(testbed)).toEqual({ 'overflow drop-newest': 40 });
  });

  it('that keeps the latest delivers one message of each topic', async () => {
    const testbed = await overflow({ overflow: 'keep-latest' }, 60, ['t', 'u']);
    expect(testbed.arrivals.map(({ topic }) => topic)).toEqual(['gw/a/t', 'gw/a/u']);
    expect(arrived(testbed)).toEqual([119, 120]);
    expect(await shedIn(testbed)).toEqual({ 'replaced by a later value': 118 });
  });

  it('has a limit of bytes too', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} }, config: { outbox: { bytes_max: 65_536 } } });
    await testbed.start();
    await testbed.loseHub();
    for (let count = 0; count < 100; count += 1) testbed.subdevice('a').publish('t', { bytes: 1000 });
    const { outbox } = await testbed.untilStatus(({ links }) => (links[0]?.counters.framesIn ?? 0) > 70);
    expect(outbox.bytes).toBeLessThanOrEqual(65_536);
    expect(outbox.messages).toBeGreaterThan(40);
    testbed.restoreHub();
    await testbed.expectNothingLost();
  });
});

/**
 * The hub is away; subdevice a sends `count` messages on each topic in turn, all are acknowledged; the hub returns.
 */
async function overflow(
  outbox: Readonly<Record<string, string | number>>,
  rounds: number,
  topics: readonly string[] = ['t'],
): Promise<Testbed> {
  const testbed = await openTestbed({ subdevices: { a: {} }, config: { outbox: { ...outbox, commit_ms: 5 } } });
  await testbed.start();
  await testbed.loseHub();
  for (let round = 0; round < rounds; round += 1) for (const topic of topics) testbed.publish(1, topic);
  await testbed.untilAcknowledged();
  testbed.restoreHub();
  const { balances } = await testbed.untilIdle();
  expect(balances).toBe(true);
  expect(testbed.uplinks.reordered).toBe(0);
  return testbed;
}

function arrived(testbed: Testbed): number[] {
  return testbed.arrivals.map(({ payload }) => Number(/\d+/.exec(Buffer.from(payload).toString())?.[0]));
}

async function shedIn(testbed: Testbed): Promise<unknown> {
  return (await testbed.gateway.ledger()).totals.uplink.shed;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
