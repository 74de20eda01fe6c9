/** A hub with a message rate limit, a large backlog, live messages and an alarm: the shares of the one stream. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

const BACKLOG = 150;
const PER_S = 40;
const LIVE_SHARE = 0.8;

/** Subdevice `a` has a backlog and then an alarm; `b` continues to send while the backlog drains. */
async function drain(outbox: Readonly<Record<string, number | readonly string[]>>) {
  const subdevices = { a: {}, b: { window: 8 } };
  const testbed = await openTestbed({ subdevices, config: { hub: { messages_per_s: PER_S }, outbox } });
  await testbed.start();
  const [a, b] = [testbed.subdevice('a'), testbed.subdevice('b')];
  await testbed.loseHub();
  for (let count = 0; count < BACKLOG; count += 1) a.publish('event');
  a.publish('alarm');
  await testbed.untilAcknowledged();
  testbed.arrivals.splice(0);
  testbed.restoreHub();
  await until(() => testbed.arrivals.length > 0);
  for (let count = 0; count < 40; count += 1) b.publish('event');
  await until(() => testbed.arrivals.length >= 60);
  const outboxThen = await testbed.gateway.outbox();
  await testbed.untilIdle();
  return { testbed, topics: testbed.arrivals.map(({ topic }) => topic), outboxThen };
}

describe('the rate limit of the hub', () => {
  it('is shared: the alarm is sent first, live messages get their share, order is kept', async () => {
    const { testbed, topics, outboxThen } = await drain({ alarm_topics: ['alarm'], live_share: LIVE_SHARE });
    expect(topics.indexOf('gw/a/alarm')).toBe(0);
    const firstLive = topics.indexOf('gw/b/event');
    const mixed = topics.slice(firstLive, firstLive + 40).filter((topic) => topic === 'gw/b/event').length;
    // Two subdevices taking turns would have half each.
    expect(mixed).toBeGreaterThanOrEqual(40 * LIVE_SHARE - 4);
    expect(outboxThen.lanes).toContainEqual(expect.objectContaining({ subdevice: 'a', class: 'backlog' }));
    expect(outboxThen.lanes.filter(({ subdevice }) => subdevice === 'b').every((lane) => lane.class === 'live')).toBe(
      true,
    );
    expect(testbed.uplinks).toMatchObject({ missing: 0, delivered: BACKLOG + 41, duplicates: 0 });
    expect(testbed.subdevice('b').uplinks.reordered).toBe(0);
    // Only the backlog that the alarm overtook, each after a higher number.
    expect(testbed.subdevice('a').uplinks.reordered).toBe(BACKLOG);
    const ledger = await testbed.gateway.ledger();
    expect(ledger.balances).toBe(true);
    expect(ledger.lanes.map(({ subdevice }) => subdevice)).toContain('a (alarms)');
  });

  it('negative control: without alarm topics an alarm waits for its backlog, and without a share live messages wait for others', async () => {
    const { testbed, topics } = await drain({ live_share: 0 });
    expect(topics.indexOf('gw/b/event')).toBeGreaterThanOrEqual(BACKLOG / 2);
    expect(topics.indexOf('gw/a/alarm')).toBeGreaterThanOrEqual(BACKLOG);
    expect(testbed.uplinks).toMatchObject({ missing: 0, reordered: 0 });
  });
});

describe('alarm topics that are configured while messages wait', () => {
  it('overtake nothing of their own topic, and have effect once the outbox has been empty', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} }, config: { outbox: { live_share: 0.5 } } });
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(20, 'alarm');
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGTERM');
    const text = readFileSync(testbed.configPath, 'utf8');
    writeFileSync(testbed.configPath, text.replace('[outbox]', '[outbox]\nalarm_topics = ["alarm"]'));
    await testbed.gateway.start();
    for (const topic of ['event', 'alarm']) testbed.publish(10, topic);
    await testbed.untilAcknowledged();
    expect(await testbed.gateway.outbox()).toMatchObject({ lanes: [{ class: 'backlog' }], alarmTopicsWait: true });
    testbed.restoreHub();
    await testbed.expectNothingLost();
    testbed.publish(1, 'alarm');
    const { lanes } = await testbed.expectNothingLost();
    expect(lanes.map(({ subdevice, accepted }) => [subdevice, accepted])).toEqual([
      ['a', 40],
      ['a (alarms)', 1],
    ]);
    expect((await testbed.gateway.outbox()).alarmTopicsWait).toBe(false);
  });
});
