/** The main path with Aedes: a second third-party broker, which loses every session when it stops. */
import { describe, expect, it } from 'vitest';
import { AedesBroker } from './aedes.ts';
import { BrokerTestbed, itTradesWithEveryTemplate } from './any-broker.ts';

const brokerAt = (port: number) => new AedesBroker(port);

describe('with aedes as the hub', () => {
  itTradesWithEveryTemplate(brokerAt);

  it('a restart loses its session, not a message: every subdevice is subscribed again, and the condition is reported', async () => {
    const brokerTestbed = await BrokerTestbed.open({ brokerAt });
    const { testbed, broker } = brokerTestbed;
    await brokerTestbed.enter();
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await broker.start();
    const { conditions } = await testbed.untilStatus(
      ({ hub }) => hub.sessionsLost === 1 && hub.subscriptions === testbed.subdevices.length,
    );
    expect(conditions.map(({ code }) => code)).toContain('downlink-gap');
    await brokerTestbed.commandAll(20);
    await brokerTestbed.expectAllDelivered();
  });

  it('a backlog of thousands is sent when it starts, in order, together with new messages', async () => {
    const brokerTestbed = await BrokerTestbed.open({ brokerAt });
    const { testbed, broker } = brokerTestbed;
    await brokerTestbed.enter();
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(1500);
    await testbed.untilAcknowledged();
    expect((await testbed.gateway.status()).outbox.onDisk).toBe(3000);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await broker.start();
    testbed.publish(100);
    await brokerTestbed.expectAllDelivered();
    expect(testbed.uplinks.delivered).toBe(3200);
  });
});
