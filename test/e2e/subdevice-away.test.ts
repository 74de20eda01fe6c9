/** A subdevice goes and comes back: what it is owed waits for it, or ends with its clean session and is counted. */
import { describe, expect, it } from 'vitest';
import { type House, openHouse } from './testbed.ts';
import { until } from './until.ts';

/** A subdevice that does not answer is found out soon. */
const LINK = { retry_ms: 50, retries_max: 2 };
const REPLAY_MS = 300;

describe('a subdevice with a lasting session', () => {
  it('gets what came while it was away, in order and no faster than the replay interval', async () => {
    const house = await openHouse({ subdevices: { a: {} }, config: { inbox: { replay_interval_ms: REPLAY_MS } } });
    await house.start();
    const a = house.subdevice('a');
    a.order({ kind: 'disconnect' });
    await untilAttached(house, false);
    for (let count = 0; count < 6; count += 1) house.command(a);
    await untilInboxHolds(house, 6);
    const backMs = performance.now();
    a.order({ kind: 'connect' });
    await house.expectNothingLost();
    expect(performance.now() - backMs).toBeGreaterThan(5 * REPLAY_MS);
    expect(a.downlinks).toMatchObject({ delivered: 6, duplicates: 0 });
  });

  it('gets all of it though others are replayed to at the same time and are done sooner', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const subdevices = Object.fromEntries(ids.map((id) => [id, {}]));
    const house = await openHouse({ subdevices, config: { inbox: { replay_interval_ms: 3 } } });
    await house.start();
    for (let round = 0; round < 5; round += 1) {
      for (const subdevice of house.subdevices) subdevice.order({ kind: 'disconnect' });
      await untilAttached(house, false);
      for (const [index, subdevice] of house.subdevices.entries())
        for (let count = 0; count < 3 * (index + 1); count += 1) house.command(subdevice);
      await untilInboxHolds(house, 63);
      for (const subdevice of house.subdevices) subdevice.order({ kind: 'connect' });
      await house.expectNothingLost();
    }
  });

  it('gets what came after it fell silent, even though the gateway was killed meanwhile', async () => {
    const house = await openHouse({ subdevices: { a: {} }, config: { link: LINK, inbox: { replay_interval_ms: 0 } } });
    await house.start();
    const a = house.subdevice('a');
    a.stop();
    for (let count = 0; count < 10; count += 1) house.command(a);
    await untilAttached(house, false);
    await until(() => house.session?.inFlight === 0);
    await untilInboxHolds(house, 10);
    await house.gateway.signal('SIGKILL');
    await house.gateway.start();
    expect((await house.gateway.ledger()).totals.downlink.pending).toBe(10);
    a.start();
    await house.expectNothingLost();
  });

  it('is not asked to subscribe again, and its uplinks go on with the topic ids it knows', async () => {
    const house = await openHouse({ subdevices: { a: {} } });
    await house.start();
    const a = house.subdevice('a');
    house.publish(3);
    await house.expectNothingLost();
    await house.gateway.signal('SIGTERM');
    await house.gateway.start();
    house.publish(3);
    house.command(a);
    await house.expectNothingLost();
    expect(house.events.filter(({ kind }) => kind === 'subscribed')).toHaveLength(1);
  });

  it('that is away too long for its inbox gets the newest, and the ledger counts the others', async () => {
    const house = await openHouse({
      subdevices: { a: {} },
      config: { inbox: { messages_max: 20, replay_interval_ms: 0 } },
    });
    await house.start();
    const a = house.subdevice('a');
    a.order({ kind: 'disconnect' });
    await untilAttached(house, false);
    for (let count = 0; count < 50; count += 1) house.command(a);
    await until(async () => (await house.gateway.ledger()).totals.downlink.accepted === 50);
    a.order({ kind: 'connect' });
    const ledger = await house.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.downlink).toMatchObject({ delivered: 20, shed: { 'overflow drop-oldest': 30 } });
    expect(a.downlinks).toMatchObject({ delivered: 20, missing: 30, reordered: 0 });
  });
});

describe('a subdevice with a clean session', () => {
  it('is owed nothing after it fell silent: shed, with the reason, and the hub drops its filter', async () => {
    const house = await openHouse({ subdevices: { a: { clean: true } }, config: { link: LINK } });
    await house.start();
    const a = house.subdevice('a');
    house.command(a);
    await house.expectNothingLost();
    a.stop();
    for (let count = 0; count < 5; count += 1) house.command(a);
    await untilAttached(house, false);
    const ledger = await house.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.downlink).toMatchObject({ accepted: 6, delivered: 1, shed: { 'session ended': 5 } });
    await until(() => house.session?.subscriptions.length === 0);
  });

  it('begins anew when it is back: it subscribes and is served', async () => {
    const house = await openHouse({ subdevices: { a: { clean: true } } });
    await house.start();
    const a = house.subdevice('a');
    a.order({ kind: 'disconnect' });
    await untilAttached(house, false);
    await until(() => house.session?.subscriptions.length === 0);
    a.order({ kind: 'connect' });
    await until(() => house.session?.subscriptions.length === 1);
    house.command(a);
    house.publish(3);
    await house.expectNothingLost();
  });
});

async function untilAttached(house: House, isAttached: boolean): Promise<void> {
  await house.untilStatus(({ links }) => links.every(({ subdevices }) => subdevices.length > 0 === isAttached));
}

async function untilInboxHolds(house: House, messages: number): Promise<void> {
  await house.untilStatus(({ inbox }) => inbox.messages === messages && inbox.onDisk === messages);
}
