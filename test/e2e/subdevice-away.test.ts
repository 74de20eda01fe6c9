/** A subdevice leaves and comes back: its messages wait for it, or end with its clean session and are counted. */
import { describe, expect, it } from 'vitest';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** A subdevice that does not answer is detected soon, and not because this machine is busy. */
const LINK = { retry_ms: 400, retries_max: 2 };
const REPLAY_MS = 300;

describe('a subdevice with a lasting session', () => {
  it('receives the messages of its absence, in order and no faster than the replay interval', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} }, config: { inbox: { replay_interval_ms: REPLAY_MS } } });
    await testbed.start();
    const a = testbed.subdevice('a');
    a.command({ kind: 'disconnect' });
    await untilAttached(testbed, false);
    for (let count = 0; count < 6; count += 1) testbed.command(a);
    await untilInboxHolds(testbed, 6);
    const backMs = performance.now();
    a.command({ kind: 'connect' });
    await testbed.expectNothingLost();
    expect(performance.now() - backMs).toBeGreaterThan(5 * REPLAY_MS);
    expect(a.downlinks).toMatchObject({ delivered: 6, duplicates: 0 });
  });

  it('receives all of them even if others receive theirs at the same time and finish sooner', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const subdevices = Object.fromEntries(ids.map((id) => [id, {}]));
    const testbed = await openTestbed({ subdevices, config: { inbox: { replay_interval_ms: 3 } } });
    await testbed.start();
    for (let round = 0; round < 5; round += 1) {
      for (const subdevice of testbed.subdevices) subdevice.command({ kind: 'disconnect' });
      await untilAttached(testbed, false);
      for (const [index, subdevice] of testbed.subdevices.entries())
        for (let count = 0; count < 3 * (index + 1); count += 1) testbed.command(subdevice);
      await untilInboxHolds(testbed, 63);
      for (const subdevice of testbed.subdevices) subdevice.command({ kind: 'connect' });
      await testbed.expectNothingLost();
    }
  });

  it('receives the messages after it became silent, even if the gateway was killed meanwhile', async () => {
    const testbed = await openTestbed({
      subdevices: { a: {} },
      config: { link: LINK, inbox: { replay_interval_ms: 0 } },
    });
    await testbed.start();
    const a = testbed.subdevice('a');
    a.stop();
    for (let count = 0; count < 10; count += 1) testbed.command(a);
    await untilAttached(testbed, false);
    await until(() => testbed.session?.inFlight === 0);
    await untilInboxHolds(testbed, 10);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    expect((await testbed.gateway.ledger()).totals.downlink.pending).toBe(10);
    a.start();
    await testbed.expectNothingLost();
  });

  it('does not have to subscribe again, and its uplinks continue with the known topic ids', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} } });
    await testbed.start();
    const a = testbed.subdevice('a');
    testbed.publish(3);
    await testbed.expectNothingLost();
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    testbed.publish(3);
    testbed.command(a);
    await testbed.expectNothingLost();
    expect(testbed.events.filter(({ kind }) => kind === 'subscribed')).toHaveLength(1);
  });

  it('that is away too long for its inbox receives the newest, and the ledger counts the others', async () => {
    const testbed = await openTestbed({
      subdevices: { a: {} },
      config: { inbox: { messages_max: 20, replay_interval_ms: 0 } },
    });
    await testbed.start();
    const a = testbed.subdevice('a');
    a.command({ kind: 'disconnect' });
    await untilAttached(testbed, false);
    for (let count = 0; count < 50; count += 1) testbed.command(a);
    await until(async () => (await testbed.gateway.ledger()).totals.downlink.accepted === 50);
    a.command({ kind: 'connect' });
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.downlink).toMatchObject({ delivered: 20, shed: { 'overflow drop-oldest': 30 } });
    expect(a.downlinks).toMatchObject({ delivered: 20, missing: 30, reordered: 0 });
  });
});

describe('a subdevice with a clean session', () => {
  it('has no waiting messages after it became silent: shed, with the reason, and the hub drops its filter', async () => {
    const testbed = await openTestbed({ subdevices: { a: { clean: true } }, config: { link: LINK } });
    await testbed.start();
    const a = testbed.subdevice('a');
    testbed.command(a);
    await testbed.expectNothingLost();
    a.stop();
    for (let count = 0; count < 5; count += 1) testbed.command(a);
    await untilAttached(testbed, false);
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.downlink).toMatchObject({ accepted: 6, delivered: 1, shed: { 'session ended': 5 } });
    await until(() => testbed.session?.subscriptions.length === 0);
  });

  it('starts again when it is back: it subscribes and is served', async () => {
    const testbed = await openTestbed({ subdevices: { a: { clean: true } } });
    await testbed.start();
    const a = testbed.subdevice('a');
    a.command({ kind: 'disconnect' });
    await untilAttached(testbed, false);
    await until(() => testbed.session?.subscriptions.length === 0);
    a.command({ kind: 'connect' });
    await until(() => testbed.session?.subscriptions.length === 1);
    testbed.command(a);
    testbed.publish(3);
    await testbed.expectNothingLost();
  });
});

async function untilAttached(testbed: Testbed, isAttached: boolean): Promise<void> {
  await testbed.untilStatus(({ links }) => links.every(({ subdevices }) => subdevices.length > 0 === isAttached));
}

async function untilInboxHolds(testbed: Testbed, messages: number): Promise<void> {
  await testbed.untilStatus(({ inbox }) => inbox.messages === messages && inbox.onDisk === messages);
}
