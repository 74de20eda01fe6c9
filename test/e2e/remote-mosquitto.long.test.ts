/** Health telemetry and remote commands with an ordinary broker: retained documents, and a retained request. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaintsAbout } from '../json-complaints.ts';
import { BrokerTestbed } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { until } from './until.ts';

const MORE = `[telemetry]
topic = "holdfast/{gateway}/health"
retain = true
[remote]
commands = ["record"]
request_topic = "holdfast/{gateway}/request"
answer_topic = "holdfast/{gateway}/answer"
`;

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it('the newest document of the telemetry is retained, and a retained request runs once over three starts', async () => {
    const brokers: Mosquitto[] = [];
    const { testbed } = await BrokerTestbed.open({
      ...{ subdevices: ['a'], more: MORE },
      brokerAt: (port, folder) => {
        const broker = new Mosquitto(port, folder);
        brokers.push(broker);
        return broker;
      },
    });
    const [broker] = brokers;
    if (broker === undefined) throw new Error('the testbed has no broker');
    await broker.retain('holdfast/gw/request', '{"id":"kept","command":"record","args":{"of":"hub"}}');
    const recordings = (): string[] => readdirSync(join(testbed.stateDir, 'recordings'));

    await testbed.gateway.start();
    await until(() => testbed.gateway.journal.includes('operator hub: remote record kept: done'));
    expect(recordings()).toHaveLength(1);
    await until(async () => (await broker.retained('holdfast/gw/health')).length === 1);
    const [line = ''] = await broker.retained('holdfast/gw/health');
    expect(complaintsAbout(line.slice(line.indexOf('{')))).toEqual([]);

    for (const starts of [2, 3]) {
      await testbed.gateway.signal('SIGKILL');
      await broker.endSession('gw'); // so that the retained request comes with the first subscription
      await testbed.gateway.start();
      await until(() => testbed.gateway.journal.split('remote request kept: rejected: repeated').length === starts);
    }
    expect(recordings()).toHaveLength(1);
  });
});
