/** A connection that is dead while TCP believes in it: found out by the deadlines of the protocol above, without a loss. */
import { describe, expect, it } from 'vitest';
import { openHouse } from './testbed.ts';

describe('a connection that carries nothing any more, though TCP believes in it', () => {
  it('is given up when a PUBACK and then the PINGRESP stay out', async () => {
    const house = await openHouse({ config: { hub: { puback_ms_max: 200, keep_alive_s: 0 } } });
    await house.start();
    house.setFaults({ reach: 'half-open' });
    house.publish(20);
    for (const subdevice of house.subdevices) house.command(subdevice);
    await house.untilAcknowledged();
    const { hub } = await house.untilStatus(({ hub }) => hub.state !== 'connected');
    expect(hub.lastProblem).toContain('no PINGRESP');
    house.setFaults({ reach: 'normal' });
    const { totals } = await house.expectNothingLost();
    expect(totals.uplink).toMatchObject({ dead: 0, shed: {} });
  });

  it('is given up when nobody publishes either, by the keep alive alone', async () => {
    const house = await openHouse({ config: { hub: { keep_alive_s: 1 } } });
    await house.start();
    house.setFaults({ reach: 'half-open' });
    const { hub } = await house.untilStatus(({ hub }) => hub.state !== 'connected');
    expect(hub.lastProblem).toContain('no PINGRESP');
    house.setFaults({ reach: 'normal' });
    house.publish(1);
    await house.expectNothingLost();
  });
});
