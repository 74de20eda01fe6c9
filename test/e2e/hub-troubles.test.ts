/** Everything a hub may do wrong while its socket looks fine: found out by deadlines, survived without a loss. */
import { setInterval as ticks } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openHouse } from './testbed.ts';
import { until } from './until.ts';

describe('a hub that lost our session', () => {
  it('gets the subscriptions again, and the technician is told', async () => {
    const house = await openHouse();
    await house.start();
    house.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
    await until(() => house.session?.subscriptions.length === 2);
    for (const subdevice of house.subdevices) house.command(subdevice);
    house.publish(5);
    await house.expectNothingLost();
    const { conditions, hub, losing } = await house.gateway.status();
    expect(hub).toMatchObject({ sessionsLost: 1, sessionPresent: false, subscriptions: 2 });
    expect(conditions.map(({ code }) => code)).toContain('downlink-gap');
    expect(losing).toBe('at risk');
  });

  it('is found out by a restarted gateway too', async () => {
    const house = await openHouse();
    await house.start();
    await house.gateway.signal('SIGTERM');
    house.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
    await house.gateway.start();
    await until(() => house.session?.subscriptions.length === 2);
    const { conditions } = await house.gateway.status();
    expect(conditions.map(({ code }) => code)).toContain('downlink-gap');
  });
});

describe('a hub that accepts connections and never answers', () => {
  it('is left after connect_ms_max; subdevices are acknowledged from disk', async () => {
    const house = await openHouse({ config: { hub: { connect_ms_max: 300 } } });
    await house.start();
    house.setFaults({ reach: 'mute' });
    house.hub.setFault({ kind: 'dropConnections' });
    const { hub } = await house.untilStatus(({ hub }) => hub.lastProblem?.includes('no CONNACK') ?? false);
    expect(hub.lastProblem).toBe('no CONNACK within 300 ms');
    house.publish(20);
    await house.untilAcknowledged();
    expect(house.uplinks).toMatchObject({ acknowledged: 40, delivered: 0 });
    house.setFaults({ reach: 'normal' });
    await house.expectNothingLost();
  });
});

describe('a hub that never acknowledges one topic', () => {
  const rules = { mutedTopics: ['gw/a/muted'] };

  it('gets everything behind it, of the same subdevice and of others', async () => {
    const config = { hub: { in_flight_max: 2, puback_ms_max: 200, attempts_max: 1000 } };
    const house = await openHouse({ rules, config });
    await house.start();
    const a = house.subdevice('a');
    for (let count = 0; count < 3; count += 1) a.publish('muted');
    house.publish(30);
    await house.untilAcknowledged();
    await until(() => house.arrivals.length === 60);
    expect((await house.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 63, delivered: 60, pending: 3 });
    expect(house.uplinks).toMatchObject({ missing: 3, reordered: 0 });
  });

  it('makes a dead letter of it after attempts_max, and the ledger says so', async () => {
    const house = await openHouse({ rules, config: { hub: { puback_ms_max: 200, attempts_max: 2 } } });
    await house.start();
    const a = house.subdevice('a');
    for (let count = 0; count < 3; count += 1) a.publish('muted');
    house.publish(30);
    const ledger = await house.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.uplink).toMatchObject({ accepted: 63, delivered: 60, dead: 3, shed: {} });
    const { conditions, losing } = await house.gateway.status();
    expect(conditions.map(({ code }) => code)).toContain('dead-letters');
    expect(losing).toBe('yes');
  });
});

describe('a hub that drops the connection every 300 ms', () => {
  it('loses nothing, in either direction', async () => {
    const house = await openHouse();
    await house.start();
    let drops = 0;
    for await (const _ of ticks(300)) {
      house.publish(20);
      for (const subdevice of house.subdevices) house.command(subdevice);
      house.hub.setFault({ kind: 'dropConnections' });
      drops += 1;
      if (drops === 12) break;
    }
    await house.expectNothingLost();
    // until it looks like another gateway with our identity; from then on the pauses grow
    expect(house.events.filter(({ kind }) => kind === 'connected').length).toBeGreaterThan(3);
  });
});
