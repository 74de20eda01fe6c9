/**
 * More downlinks at once than the gateway keeps in RAM: the hub waits, each subdevice gets each of them, in order,
 * once.
 */
import { describe, expect, it } from 'vitest';
import { BrokerTestbed } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openTestbed } from './testbed.ts';

/** Two subdevices more than `COPIES_MAX` of `src/flow/back-pressure.ts`, and all downlinks in flight at once. */
const MANY = 600;
/** Number of downlinks for each of twenty subdevices, within the default limits of the inbox. */
const EACH = 110;
const IDS = Array.from({ length: 20 }, (_, index) => `s${index}`);

describe('a hub that sends all its stored messages at once', () => {
  it('has to wait, and loses nothing', async () => {
    const testbed = await openTestbed({
      rules: { storedMax: 100_000, inFlightMax: 60_000 },
      config: { inbox: { messages_max: 100_000, replay_interval_ms: 0 } },
    });
    await testbed.start();
    await testbed.loseHub();
    for (let count = 0; count < MANY; count += 1)
      for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    testbed.publish(20);
    testbed.restoreHub();
    const { totals } = await testbed.expectNothingLost();
    expect(testbed.downlinks).toMatchObject({ delivered: 2 * MANY, duplicates: 0 });
    expect(totals.downlink).toMatchObject({ accepted: 2 * MANY, delivered: 2 * MANY, shed: {} });
  });

  it.skipIf(MOSQUITTO_IS_MISSING)('is mosquitto after an outage, with twenty subdevices', async () => {
    const brokerTestbed = await BrokerTestbed.open({
      brokerAt: (port, folder) => new Mosquitto(port, folder, undefined, ['max_inflight_messages 0']),
      subdevices: IDS,
      steady: IDS,
    });
    const { testbed } = brokerTestbed;
    await brokerTestbed.enter();
    await testbed.gateway.signal('SIGTERM');
    for (const { id } of testbed.subdevices) await brokerTestbed.command(testbed.subdevice(id), EACH);
    await testbed.gateway.start();
    testbed.publish(5);
    await brokerTestbed.expectAllDelivered();
    const { hub, losing, links } = await testbed.gateway.status();
    expect([hub.state, hub.sessionsLost, losing]).toEqual(['connected', 0, 'no']);
    const repeated = links.reduce((sum, { counters }) => sum + counters.retries, 0);
    expect(testbed.downlinks.duplicates).toBeLessThanOrEqual(repeated);
  });
});
