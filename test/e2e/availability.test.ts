/**
 * Availability with mosquitto: the retained states at the broker are the truth after a kill, a stop, the loss of a
 * subdevice, a reconnect and a changed configuration.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BrokerTestbed } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { until } from './until.ts';

const MORE = `[availability]
gateway_topic = "holdfast/{gateway}/state"
subdevice_topic = "holdfast/{gateway}/{subdevice}/state"
`;
const ALL_ONLINE = ['holdfast/gw/a/state online', 'holdfast/gw/b/state online', 'holdfast/gw/state online'];
const KILLED = ['holdfast/gw/a/state online', 'holdfast/gw/b/state online', 'holdfast/gw/state offline'];

/** @param steady subdevices that are not lost while the machine is busy */
async function openField(
  steady: readonly string[] = ['a', 'b'],
  program?: { readonly path: string; readonly env: Record<string, string> },
) {
  let broker: Mosquitto | undefined;
  const { testbed } = await BrokerTestbed.open({
    steady,
    more: MORE,
    ...(program && { program: program.path, env: program.env }),
    brokerAt: (port, folder) => {
      broker = new Mosquitto(port, folder);
      return broker;
    },
  });
  if (broker === undefined) throw new Error('the testbed has no broker');
  const hub = broker;
  /** Waits until the retained states are these. The newest are part of the message if they never become so. */
  const untilRetained = async (states: readonly string[], filter = 'holdfast/#'): Promise<void> => {
    await until(async () => JSON.stringify(await hub.retained(filter)) === JSON.stringify(states));
  };
  const enterAll = async (): Promise<void> => {
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  };
  const changeConfig = (change: (text: string) => string): void =>
    writeFileSync(testbed.configPath, change(readFileSync(testbed.configPath, 'utf8')));
  return { testbed, broker: hub, untilRetained, enterAll, changeConfig };
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it('a killed gateway is offline by its will, one that comes back and one that stops say it themselves', async () => {
    const { testbed, untilRetained, enterAll } = await openField();
    await enterAll();
    await untilRetained(ALL_ONLINE);
    await testbed.gateway.signal('SIGKILL');
    await untilRetained(KILLED);
    await testbed.gateway.start();
    await untilRetained(ALL_ONLINE);
    await testbed.gateway.signal('SIGTERM');
    await untilRetained(KILLED);
  });

  it('a gateway without the will stays online after a kill (negative control)', async () => {
    const path = fileURLToPath(new URL('gateway-without-hub-checks.ts', import.meta.url));
    const { testbed, broker, untilRetained, enterAll } = await openField(['a', 'b'], {
      path,
      env: { OVERLOOKS: 'will' },
    });
    await enterAll();
    await untilRetained(ALL_ONLINE);
    await testbed.gateway.signal('SIGKILL');
    // a client with the same id ends the connection, if the broker has not noticed its end
    await broker.endSession('gw');
    expect(await broker.retained('holdfast/#')).toEqual(ALL_ONLINE);
  });

  it('a lost subdevice is offline, and online when it is back, also if the broker was away meanwhile', async () => {
    const { testbed, broker, untilRetained, enterAll } = await openField(['a']);
    await enterAll();
    await untilRetained(ALL_ONLINE);
    const [a, b] = [testbed.subdevice('a'), testbed.subdevice('b')];
    a.command({ kind: 'disconnect' });
    await untilRetained(['holdfast/gw/a/state offline', ...ALL_ONLINE.slice(1)]);
    b.stop(); // its keep alive ends
    await untilRetained(['holdfast/gw/a/state offline', 'holdfast/gw/b/state offline', 'holdfast/gw/state online']);
    testbed.enter(b);
    await untilRetained(['holdfast/gw/a/state offline', ...ALL_ONLINE.slice(1)]);
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    a.command({ kind: 'connect' });
    b.command({ kind: 'disconnect' });
    await until(() => a.isConnected && !b.isConnected);
    await broker.start();
    await untilRetained(['holdfast/gw/a/state online', 'holdfast/gw/b/state offline', 'holdfast/gw/state online']);
  });

  it('a subdevice that is removed from the configuration has no state, and renamed topics leave none', async () => {
    const { testbed, untilRetained, enterAll, changeConfig } = await openField();
    await enterAll();
    await untilRetained(ALL_ONLINE);
    await testbed.gateway.signal('SIGKILL');
    changeConfig((text) =>
      text
        .replace(/\[\[link\]\]\nname = "link-b"\n(.+\n)*/, '')
        .replace('[[subdevice]]\nid = "b"\n', '')
        .replace('"holdfast/{gateway}/state"', '"holdfast/{gateway}/here"'),
    );
    await testbed.gateway.start();
    await untilRetained(['holdfast/gw/a/state online', 'holdfast/gw/here online']);
    await testbed.gateway.signal('SIGTERM');
    changeConfig((text) => text.replace(MORE.replace('{gateway}/state', '{gateway}/here'), ''));
    await testbed.gateway.start();
    await untilRetained([]);
  });
});
