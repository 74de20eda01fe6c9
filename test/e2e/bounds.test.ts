/** A full outbox: each policy does what it says, and the ledger counts what it cost. */
import { describe, expect, it } from 'vitest';
import { type House, openHouse } from './testbed.ts';
import { until } from './until.ts';

describe('a full outbox', () => {
  it('that rejects makes the subdevice wait, and loses nothing once there is room', async () => {
    const house = await openHouse({ subdevices: { a: {} }, config: { outbox: { messages_max: 20 } } });
    await house.start();
    await house.loseHub();
    house.publish(60);
    await until(() => house.uplinks.acknowledged === 20);
    const { conditions, losing } = await house.untilStatus(({ links }) => (links[0]?.counters.framesIn ?? 0) > 30);
    expect(conditions.map(({ code }) => code)).toContain('outbox-full');
    expect(losing).toBe('at risk');
    expect(house.uplinks.acknowledged).toBe(20);
    house.restoreHub();
    const { totals } = await house.expectNothingLost();
    expect(totals.uplink).toMatchObject({ accepted: 60, delivered: 60, shed: {} });
  });

  it.each([20, 150])('of %i that drops the oldest delivers the newest, in order', async (messages_max) => {
    const house = await overflow({ messages_max, overflow: 'drop-oldest' }, 250);
    expect(arrived(house)).toEqual(range(250 - messages_max + 1, 250));
    expect(await shedIn(house)).toEqual({ 'overflow drop-oldest': 250 - messages_max });
  });

  it('that drops the newest delivers the oldest, in order', async () => {
    const house = await overflow({ messages_max: 20, overflow: 'drop-newest' }, 60);
    expect(arrived(house)).toEqual(range(1, 20));
    expect(await shedIn(house)).toEqual({ 'overflow drop-newest': 40 });
  });

  it('that keeps the latest delivers one message of each topic', async () => {
    const house = await overflow({ overflow: 'keep-latest' }, 60, ['t', 'u']);
    expect(house.arrivals.map(({ topic }) => topic)).toEqual(['gw/a/t', 'gw/a/u']);
    expect(arrived(house)).toEqual([119, 120]);
    expect(await shedIn(house)).toEqual({ 'replaced by a later value': 118 });
  });

  it('bounds the bytes too', async () => {
    const house = await openHouse({ subdevices: { a: {} }, config: { outbox: { bytes_max: 65_536 } } });
    await house.start();
    await house.loseHub();
    for (let count = 0; count < 100; count += 1) house.subdevice('a').publish('t', { bytes: 1000 });
    const { outbox } = await house.untilStatus(({ links }) => (links[0]?.counters.framesIn ?? 0) > 70);
    expect(outbox.bytes).toBeLessThanOrEqual(65_536);
    expect(outbox.messages).toBeGreaterThan(40);
    house.restoreHub();
    await house.expectNothingLost();
  });
});

/** The hub is away, subdevice a sends so many messages on each topic in turn, all are acknowledged; the hub is back. */
async function overflow(
  outbox: Readonly<Record<string, string | number>>,
  rounds: number,
  topics: readonly string[] = ['t'],
): Promise<House> {
  const house = await openHouse({ subdevices: { a: {} }, config: { outbox: { ...outbox, commit_ms: 5 } } });
  await house.start();
  await house.loseHub();
  for (let round = 0; round < rounds; round += 1) for (const topic of topics) house.publish(1, topic);
  await house.untilAcknowledged();
  house.restoreHub();
  const { balances } = await house.untilIdle();
  expect(balances).toBe(true);
  expect(house.uplinks.reordered).toBe(0);
  return house;
}

function arrived(house: House): number[] {
  return house.arrivals.map(({ payload }) => Number(/\d+/.exec(Buffer.from(payload).toString())?.[0]));
}

async function shedIn(house: House): Promise<unknown> {
  return (await house.gateway.ledger()).totals.uplink.shed;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
