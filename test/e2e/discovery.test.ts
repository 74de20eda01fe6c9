/**
 * Discovery documents for Home Assistant at mosquitto: they are retained, follow the configuration, their command works,
 * and the state of a Modbus unit is the truth.
 */
import { describe, expect, it } from 'vitest';
import { BrokerTestbed } from './any-broker.ts';
import { config, edit } from './config-edits.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { until } from './until.ts';

const LEVEL = '[[link.unit.point]]\nname = "level"\ntable = "input"\naddress = 1\nunit_of_measurement = "mm"\n';
const meters = (path: string): string => `[availability]
gateway_topic = "holdfast/{gateway}/state"
subdevice_topic = "holdfast/{gateway}/{subdevice}/state"
[home_assistant]
discovery_prefix = "homeassistant"
[[link]]
name = "meters"
path = "${path}"
driver = "modbus"
retry_ms = 1000
retries_max = 1
[[link.unit]]
id = "boiler"
address = 1
poll_ms = 100
[[link.unit.point]]
name = "pump"
table = "coil"
address = 3
writable = true
${LEVEL}[[subdevice]]
id = "boiler"
`;

async function openField() {
  let isOff = false;
  const unit = simulatedUnit(1, () => (isOff ? undefined : 1));
  const path = await openUnits([unit]);
  let broker: Mosquitto | undefined;
  const { testbed } = await BrokerTestbed.open({
    subdevices: [],
    more: meters(path),
    brokerAt: (port, folder) => {
      broker = new Mosquitto(port, folder);
      return broker;
    },
  });
  if (broker === undefined) throw new Error('the testbed has no broker');
  const hub = broker;
  await testbed.gateway.start();
  const document = async (topic: string): Promise<Record<string, string> | undefined> => {
    const [line] = await hub.retained(`homeassistant/${topic}/config`);
    return line === undefined ? undefined : JSON.parse(line.slice(line.indexOf('{')));
  };
  const untilState = async (state: string): Promise<void> =>
    until(async () => (await hub.retained('holdfast/gw/boiler/state'))[0] === `holdfast/gw/boiler/state ${state}`);
  return { testbed, hub, unit, document, untilState, setOff: (value: boolean) => (isOff = value) };
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it('the state of a unit is online while it answers', async () => {
    const { untilState, setOff } = await openField();
    await untilState('online');
    setOff(true);
    await untilState('offline');
    setOff(false);
    await untilState('online');
  });

  it('a document is retained, its command sets the value, and it is removed with its point', async () => {
    const { testbed, hub, unit, document, untilState } = await openField();
    await untilState('online');
    await until(async () => (await document('sensor/gw_-boiler/level')) !== undefined);
    const pump = await document('switch/gw_-boiler/pump');
    expect(pump?.state_topic).toBe('gw/boiler/state');
    await testbed.untilStatus(({ hub: { subscriptions } }) => subscriptions === 1);
    await hub.publish(pump?.command_topic ?? '', [pump?.payload_on ?? '']);
    await until(() => unit.coils[3] === 1);

    edit(testbed, (text) => text.replace(LEVEL, ''));
    expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
    expect((await config(testbed, 'confirm')).code).toBe(0);
    await until(async () => (await document('sensor/gw_-boiler/level')) === undefined);
    expect(await document('switch/gw_-boiler/pump')).toEqual(pump);

    await testbed.gateway.signal('SIGKILL');
    edit(testbed, (text) => text.replace('[home_assistant]\ndiscovery_prefix = "homeassistant"\n', ''));
    await testbed.gateway.start();
    await until(async () => (await hub.retained('homeassistant/#')).length === 0);
  });
});
