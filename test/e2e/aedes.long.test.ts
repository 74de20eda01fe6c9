/** The main path against Aedes: a second broker of others, which forgets every session when it stops. */
import { describe, expect, it } from 'vitest';
import { AedesBroker } from './aedes.ts';
import { Site } from './any-broker.ts';

const brokerAt = (port: number) => new AedesBroker(port);

describe('with aedes as the hub', () => {
  it.each(['{gateway}/{subdevice}/{topic}', 'plant/north/{subdevice}/{topic}', 'devices/{subdevice}/messages/{topic}'])(
    'messages go both ways, in order, as %s',
    async (template) => {
      const site = await Site.open({ brokerAt, template });
      await site.enter();
      await site.trade(50);
    },
  );

  it('a restart loses its session, not a message: everybody is subscribed again, and the technician is told', async () => {
    const site = await Site.open({ brokerAt });
    const { testbed, broker } = site;
    await site.enter();
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await broker.start();
    const { conditions } = await testbed.untilStatus(
      ({ hub }) => hub.sessionsLost === 1 && hub.subscriptions === testbed.subdevices.length,
    );
    expect(conditions.map(({ code }) => code)).toContain('downlink-gap');
    await site.commandAll(20);
    await site.expectAllDelivered();
  });

  it('a backlog of thousands is sent when it comes, in order, beside what is new', async () => {
    const site = await Site.open({ brokerAt });
    const { testbed, broker } = site;
    await site.enter();
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(1500);
    await testbed.untilAcknowledged();
    expect((await testbed.gateway.status()).outbox.onDisk).toBe(3000);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await broker.start();
    testbed.publish(100);
    await site.expectAllDelivered();
    expect(testbed.uplinks.delivered).toBe(3200);
  });
});
