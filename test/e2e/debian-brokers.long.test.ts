/**
 * The main path with further brokers from Debian. They are large, so the tests run where they are installed:
 * `apt-get install rabbitmq-server`, and `apt-get install activemq libmqtt-client-java`.
 */
import { describe, it } from 'vitest';
import { RABBITMQ_IS_MISSING } from '../fleet/rabbitmq-cluster.ts';
import { BrokerTestbed, itTradesWithEveryTemplate } from './any-broker.ts';
import { ACTIVEMQ_IS_MISSING, activemq, rabbitmq } from './debian-broker.ts';
import { MOSQUITTO_IS_MISSING } from './mosquitto.ts';
import { until } from './until.ts';

const isWithoutTools = MOSQUITTO_IS_MISSING;

describe.skipIf(RABBITMQ_IS_MISSING || isWithoutTools)('with RabbitMQ as the hub', () => {
  itTradesWithEveryTemplate(rabbitmq);
});

describe.skipIf(ACTIVEMQ_IS_MISSING || isWithoutTools)('with ActiveMQ as the hub', () => {
  itTradesWithEveryTemplate(activemq, ['reserved names']);

  it('a restart of the broker during traffic costs nothing', async () => {
    const brokerTestbed = await BrokerTestbed.open({ brokerAt: activemq });
    const { testbed, broker } = brokerTestbed;
    await brokerTestbed.enter();
    testbed.publish(30);
    await until(() => testbed.uplinks.delivered > 10);
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(100);
    await testbed.untilAcknowledged();
    await broker.start();
    await brokerTestbed.commandAll(20);
    await brokerTestbed.expectAllDelivered();
  });
});
