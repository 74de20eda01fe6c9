/** Hubs that let the gateway publish and reject its subscriptions, each in another way. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StatusReport } from '../../src/ops/reports/report.ts';
import { BrokerTestbed, findPort } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { runProgram } from './program.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';

const FILTER = `${GATEWAY}/a/cmd`;
/** Configuration of the dynamic security plugin of mosquitto: each client may publish, no client may subscribe. */
const NO_SUBSCRIBE = {
  defaultACLAccess: { publishClientSend: true, publishClientReceive: true, subscribe: false, unsubscribe: true },
};
const PLUGIN = '/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so';
const POINT = '[[link.unit.point]]\nname = "flow"\ntable = "holding"\naddress = 0\n';

/** Modbus unit whose only register counts up. @returns its part of the configuration */
async function openMeter(isWritable = false): Promise<string> {
  const unit = simulatedUnit(1);
  const path = await openUnits([unit]);
  const counting = setInterval(() => (unit.holdings[0] = (unit.holdings[0] ?? 0) + 1), 100);
  onTestFinished(() => clearInterval(counting));
  const link = `[[link]]\nname = "meters"\npath = "${path}"\ndriver = "modbus"\n`;
  return `${link}[[link.unit]]\nid = "meter"\naddress = 1\npoll_ms = 100\n${POINT}writable = ${isWritable}\n[[subdevice]]\nid = "meter"\n`;
}

type Hub = 'grants and delivers nothing' | 'refuses (SUBACK 0x80)' | 'closes the connection';

/** Expected report on the filter at such a hub. */
const TOLD: Readonly<Record<Hub, { readonly listed: RegExp; readonly conditions: readonly string[] }>> = {
  'grants and delivers nothing': { listed: /gw\/a\/cmd +granted +a$/m, conditions: [] },
  'refuses (SUBACK 0x80)': { listed: /gw\/a\/cmd +refused +a$/m, conditions: ['hub-subscriptions-refused'] },
  'closes the connection': { listed: /gw\/a\/cmd +set aside +a$/m, conditions: ['hub-closes-on-packet'] },
};

/** Lines of mosquitto.conf(5) for the gateway's listener. @param folder for files named in the lines */
function policyOf(hub: Exclude<Hub, 'closes the connection'>, folder: string): string[] {
  const path = join(folder, 'policy');
  if (hub === 'grants and delivers nothing') {
    writeFileSync(path, 'topic write #\n');
    return ['allow_anonymous true', `acl_file ${path}`];
  }
  writeFileSync(path, JSON.stringify(NO_SUBSCRIBE));
  return ['allow_anonymous true', `plugin ${PLUGIN}`, `plugin_opt_config_file ${path}`];
}

async function openAt(hub: Hub, isWritable = false): Promise<Testbed> {
  const more = await openMeter(isWritable);
  if (hub === 'closes the connection') {
    const config = { hub: { attempts_max: 1 } };
    const testbed = await openTestbed({ subdevices: { a: { keepAliveMs: 1000 } }, isTapped: true, more, config });
    testbed.tap.closesOn = ({ kind }) => kind === 'subscribe';
    return testbed;
  }
  const [port, open] = [await findPort(), await findPort()];
  const brokerAt = (_: number, folder: string) => new Mosquitto(open, folder, { port, lines: policyOf(hub, folder) });
  const { testbed } = await BrokerTestbed.open({ port, subdevices: ['a'], more, brokerAt });
  return testbed;
}

/** Waits for new uplinks of both subdevices at the hub. */
async function expectUplinks(testbed: Testbed): Promise<void> {
  const delivered = async (): Promise<number> => {
    const { lanes } = await testbed.gateway.ledger();
    return lanes.find(({ subdevice, direction }) => subdevice === 'meter' && direction === 'uplink')?.delivered ?? 0;
  };
  const before = await delivered();
  testbed.publish(20);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
  await until(async () => (await delivered()) >= before + 5);
}

const commandOf = (testbed: Testbed, ...words: string[]) => runProgram('--config', testbed.configPath, ...words);

describe.each(Object.keys(TOLD) as Hub[])('at a hub that %s on SUBSCRIBE', (hub) => {
  const { listed, conditions } = TOLD[hub];
  const isMissing = hub !== 'closes the connection' && (MOSQUITTO_IS_MISSING || !existsSync(PLUGIN));

  it.skipIf(isMissing)('uplinks flow, also after a restart, and only the filter is reported', async () => {
    const testbed = await openAt(hub);
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    for (const life of ['first', 'second']) {
      if (life === 'second') {
        await testbed.gateway.signal('SIGKILL');
        await testbed.gateway.start();
      }
      await expectUplinks(testbed);
      await until(async () => listed.test((await commandOf(testbed, 'hub', 'subscriptions')).stdout));
      const isSettled = ({ hub }: StatusReport): boolean => hub.state === 'connected';
      const status = await testbed.untilStatus(isSettled);
      expect([status.hub.takeovers, status.conditions.map(({ code }) => code)]).toEqual([0, conditions]);
      for (const { sentence } of status.conditions) expect(sentence).toContain(FILTER);
      const { stdout } = await commandOf(testbed, 'hub', 'subscriptions');
      expect(stdout).not.toContain('meter');
      await expectUplinks(testbed);
    }
  });
});

it('a unit with a writable point is subscribed for, and its uplinks flow as well', async () => {
  const testbed = await openAt('closes the connection', true);
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  await expectUplinks(testbed);
  const rows = [/gw\/a\/cmd +set aside +a$/m, /gw\/meter\/set +set aside +meter$/m];
  await until(async () => {
    const { stdout } = await commandOf(testbed, 'hub', 'subscriptions');
    return rows.every((row) => row.test(stdout));
  });
  await expectUplinks(testbed);
});
