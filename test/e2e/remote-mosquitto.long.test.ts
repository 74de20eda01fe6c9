/** Telemetry, remote commands and remote configuration with an ordinary broker: all of them retained. */
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
config = ["outbox"]
config_topic = "holdfast/{gateway}/config"
config_report_topic = "holdfast/{gateway}/config/report"
`;

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it('the newest document of the telemetry is retained; a retained request and a retained configuration run once over three starts', async () => {
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
    await broker.retain('holdfast/gw/config', '{"version":"7","config":{"outbox":{"hold_ms":90}}}');
    const recordings = (): string[] => readdirSync(join(testbed.stateDir, 'recordings'));

    await testbed.gateway.start();
    await until(() => testbed.gateway.journal.includes('operator hub: remote record kept: done'));
    expect(recordings()).toHaveLength(1);
    await until(async () => (await broker.retained('holdfast/gw/health')).length === 1);
    const [line = ''] = await broker.retained('holdfast/gw/health');
    expect(complaintsAbout(line.slice(line.indexOf('{')))).toEqual([]);

    await until(() => testbed.gateway.journal.includes('remote configuration 7: confirmed'));
    for (const starts of [2, 3]) {
      await testbed.gateway.signal('SIGKILL');
      await broker.endSession('gw'); // so that the retained request comes with the first subscription
      await testbed.gateway.start();
      await until(() => testbed.gateway.journal.split('remote request kept: rejected: repeated').length === starts);
    }
    expect(recordings()).toHaveLength(1);
    expect(testbed.gateway.journal.split('remote configuration 7: confirmed'), 'applied once').toHaveLength(2);
    expect((await testbed.gateway.status()).process.hubConfigVersion).toBe('7');
  });
});
