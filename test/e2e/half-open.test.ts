/**
 * A connection that is dead although TCP considers it open: detected by the deadlines of the protocol, without a
 * loss.
 */
import { describe, expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';

describe('a connection that carries nothing, although TCP considers it open', () => {
  it('is closed when a PUBACK and then the PINGRESP are missing', async () => {
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

  it('is closed by the keep alive alone if no message is published', async () => {
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
