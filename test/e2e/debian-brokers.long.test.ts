/**
 * The main path with further brokers from Debian. They are large, so the tests run where they are installed:
 * `apt-get install rabbitmq-server`, and `apt-get install activemq libmqtt-client-java`.
 */
import { describe, it } from 'vitest';
import { RABBITMQ_IS_MISSING } from '../fleet/rabbitmq-cluster.ts';
import { BrokerTestbed, itTradesWithEveryTemplate } from './any-broker.ts';
import { ACTIVEMQ_IS_MISSING, activemq, rabbitmq } from './debian-broker.ts';
import { MOSQUITTO_IS_MISSING } from './mosquitto.ts';

const isWithoutTools = MOSQUITTO_IS_MISSING;

describe.skipIf(RABBITMQ_IS_MISSING || isWithoutTools)('with RabbitMQ as the hub', () => {
  itTradesWithEveryTemplate(rabbitmq);
});

describe.skipIf(ACTIVEMQ_IS_MISSING || isWithoutTools)('with ActiveMQ as the hub', () => {
  itTradesWithEveryTemplate(activemq, ['reserved names']);

  it('a restart of the broker during traffic costs nothing', async () => {
    await (await BrokerTestbed.open({ brokerAt: activemq })).outliveRestart();
  });
});
