/** Faults of a hub with an open connection: detected by deadlines, without a loss. */
import { setInterval as ticks } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serveTcp } from './faults/false-hubs.ts';
import { openScene } from './faults/fault-scene.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

describe('a hub that lost the session', () => {
  it('gets the subscriptions again, and the condition is reported', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
    await until(() => testbed.session?.subscriptions.length === 2);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    testbed.publish(5);
    await testbed.expectNothingLost();
    const { conditions, hub, losing } = await testbed.gateway.status();
    expect(hub).toMatchObject({ sessionsLost: 1, sessionPresent: false, subscriptions: 2 });
    expect(conditions.map(({ code }) => code)).toContain('downlink-gap');
    expect(losing).toBe('at risk');
  });

  it('is detected by a restarted gateway too', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    await testbed.gateway.signal('SIGTERM');
    testbed.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
    await testbed.gateway.start();
    await until(() => testbed.session?.subscriptions.length === 2);
    const { conditions } = await testbed.gateway.status();
    expect(conditions.map(({ code }) => code)).toContain('downlink-gap');
  });
});

describe('a hub that accepts connections and never answers', () => {
  it('is disconnected after connect_ms_max; subdevices are acknowledged from disk', async () => {
    const testbed = await openTestbed({ config: { hub: { connect_ms_max: 300 } } });
    await testbed.start();
    testbed.setFaults({ reach: 'mute' });
    testbed.hub.setFault({ kind: 'dropConnections' });
    const { hub } = await testbed.untilStatus(({ hub }) => hub.lastProblem?.includes('no CONNACK') ?? false);
    expect(hub.lastProblem).toBe('no CONNACK within 300 ms');
    testbed.publish(20);
    await testbed.untilAcknowledged();
    expect(testbed.uplinks).toMatchObject({ acknowledged: 40, delivered: 0 });
    testbed.setFaults({ reach: 'normal' });
    await testbed.expectNothingLost();
  });
});

describe('a hub that never acknowledges one topic', () => {
  const rules = { mutedTopics: ['gw/a/muted'] };

  it('receives all later messages, of the same subdevice and of others', async () => {
    const config = { hub: { in_flight_max: 2, puback_ms_max: 200, attempts_max: 1000 } };
    const testbed = await openTestbed({ rules, config });
    await testbed.start();
    const a = testbed.subdevice('a');
    for (let count = 0; count < 3; count += 1) a.publish('muted');
    testbed.publish(30);
    await testbed.untilAcknowledged();
    // a busy machine may repeat messages after 200 ms
    await until(() => testbed.uplinks.delivered === 60);
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 3);
    expect((await testbed.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 63, delivered: 60, pending: 3 });
    expect(testbed.uplinks).toMatchObject({ missing: 3, reordered: 0 });
  });

  it('leads to a dead letter after attempts_max, and the ledger contains it', async () => {
    const testbed = await openTestbed({ rules, config: { hub: { puback_ms_max: 1000, attempts_max: 2 } } });
    await testbed.start();
    const a = testbed.subdevice('a');
    for (let count = 0; count < 3; count += 1) a.publish('muted');
    testbed.publish(30);
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.uplink).toMatchObject({ accepted: 63, delivered: 60, dead: 3, shed: {} });
    const abandoned =
      /^3 messages on gw\/a\/muted abandoned after repeated failures: the hub did not acknowledge them, or closed the connection\.$/;
    const expectReported = async (): Promise<void> => {
      const { conditions, losing, sentence } = await testbed.untilStatus((status) =>
        status.conditions.some((condition) => abandoned.test(condition.sentence)),
      );
      expect(conditions.filter(({ code }) => code === 'dead-letters')).toHaveLength(1);
      expect([losing, sentence]).toEqual(['yes', expect.not.stringContaining('accepts all messages')]);
    };
    await expectReported();
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    await expectReported();
  });

  it('is reported to have acknowledged nothing on that topic, with the number of messages', async () => {
    const testbed = await openTestbed({ rules, config: { hub: { puback_ms_max: 200, attempts_max: 1000 } } });
    await testbed.start();
    testbed.subdevice('a').publish('muted');
    const { losing, sentence, conditions } = await testbed.untilStatus(
      (status) => status.hub.state === 'connected' && status.conditions.length > 0,
    );
    expect(losing).toBe('at risk');
    expect(sentence).not.toMatch(/accepts all messages|given up/);
    expect(conditions.map(({ code }) => code)).toEqual(['hub-pubacks-missing']);
    // the other sentence follows if the hub acknowledges nothing else for 10 s
    expect(conditions[0]?.sentence).toMatch(
      /^The hub does not acknowledge .* on 1 topic: gw\/a\/muted\.|acknowledges nothing: .*gw\/a\/muted/,
    );
  });
});

describe('a hub that drops the connection every 300 ms', () => {
  it('loses nothing, in either direction', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    let drops = 0;
    for await (const _ of ticks(300)) {
      testbed.publish(20);
      for (const subdevice of testbed.subdevices) testbed.command(subdevice);
      testbed.hub.setFault({ kind: 'dropConnections' });
      drops += 1;
      if (drops === 12) break;
    }
    await testbed.expectNothingLost();
    // Until the drops look like another gateway with the same identity; from then on the pauses grow.
    expect(testbed.events.filter(({ kind }) => kind === 'connected').length).toBeGreaterThan(3);
  });
});

describe('a hub that rejected CONNECT', () => {
  it('is no cause any more when a later attempt fails for another reason', async () => {
    let rejects = true;
    const port = await serveTcp((socket) =>
      socket.once('data', () => (rejects ? socket.end(Buffer.of(0x20, 2, 0, 5)) : socket.destroy())),
    );
    const { gateway } = await (await openScene({ hub: { port, reconnect_floor_ms: 100 } })).start();
    const codes = async (): Promise<string[]> => (await gateway.status()).conditions.map(({ code }) => code);
    await until(async () => (await codes()).includes('hub-refuses'));
    rejects = false;
    await until(async () => (await codes()).includes('hub-away'));
    expect(await codes()).not.toContain('hub-refuses');
  });
});
