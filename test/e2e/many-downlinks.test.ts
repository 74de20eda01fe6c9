/** More downlinks at once than the gateway keeps in RAM: the hub waits, each subdevice gets each of them, in order, once. */
import { describe, expect, it } from 'vitest';
import { Site } from './any-broker.ts';
import { openHouse } from './testbed.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';

/** With two subdevices more than `COPIES_MAX` of `src/flow/back-pressure.ts`, and all of them in flight at once. */
const MANY = 600;
/** So many for each of twenty are within the default bounds of the inbox. */
const EACH = 110;
const IDS = Array.from({ length: 20 }, (_, index) => `s${index}`);

describe('a hub that sends all it has stored at once', () => {
  it('is made to wait, and loses nothing', async () => {
    const house = await openHouse({
      rules: { storedMax: 100_000, inFlightMax: 60_000 },
      config: { inbox: { messages_max: 100_000, replay_interval_ms: 0 } },
    });
    await house.start();
    await house.loseHub();
    for (let count = 0; count < MANY; count += 1) for (const subdevice of house.subdevices) house.command(subdevice);
    house.publish(20);
    house.restoreHub();
    const { totals } = await house.expectNothingLost();
    expect(house.downlinks).toMatchObject({ delivered: 2 * MANY, duplicates: 0 });
    expect(totals.downlink).toMatchObject({ accepted: 2 * MANY, delivered: 2 * MANY, shed: {} });
  });

  it.skipIf(MOSQUITTO_IS_MISSING)('is mosquitto after an outage, with twenty subdevices', async () => {
    const site = await Site.open({
      brokerAt: (port, folder) => new Mosquitto(port, folder, undefined, ['max_inflight_messages 0']),
      subdevices: IDS,
    });
    const { house } = site;
    await site.enter();
    await house.gateway.signal('SIGTERM');
    for (const { id } of house.subdevices) await site.command(house.subdevice(id), EACH);
    await house.gateway.start();
    house.publish(5);
    await site.expectAllDelivered();
    const { hub, losing } = await house.gateway.status();
    expect([hub.state, hub.sessionsLost, losing]).toEqual(['connected', 0, 'no']);
    expect(house.downlinks.duplicates).toBe(0);
  });
});
