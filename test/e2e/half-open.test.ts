/** A connection that is dead while TCP believes in it: found out by the deadlines of the protocol above, without a loss. */
import { describe, expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';

describe('a connection that carries nothing any more, though TCP believes in it', () => {
  it('is given up when a PUBACK and then the PINGRESP stay out', async () => {
    const testbed = await openTestbed({ config: { hub: { puback_ms_max: 200, keep_alive_s: 0 } } });
    await testbed.start();
    testbed.setFaults({ reach: 'half-open' });
    testbed.publish(20);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.untilAcknowledged();
    const { hub } = await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    expect(hub.lastProblem).toContain('no PINGRESP');
    testbed.setFaults({ reach: 'normal' });
    const { totals } = await testbed.expectNothingLost();
    expect(totals.uplink).toMatchObject({ dead: 0, shed: {} });
  });

  it('is given up when nobody publishes either, by the keep alive alone', async () => {
    const testbed = await openTestbed({ config: { hub: { keep_alive_s: 1 } } });
    await testbed.start();
    testbed.setFaults({ reach: 'half-open' });
    const { hub } = await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    expect(hub.lastProblem).toContain('no PINGRESP');
    testbed.setFaults({ reach: 'normal' });
    testbed.publish(1);
    await testbed.expectNothingLost();
  });
});
