/**
 * RETAIN of a subdevice's messages and wills, through kills of the gateway, with an ordinary broker that stores them.
 */
import { describe, expect, it } from 'vitest';
import type { DeadLettersReport } from '../../src/ops/reports/dead-letter-report.ts';
import { BrokerTestbed } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const WILL = { topic: 'gone', payload: text('lost'), qos: 1, retain: true } as const;

interface RetainTestbed {
  readonly brokerTestbed: BrokerTestbed;
  readonly broker: Mosquitto;
}

async function openTestbed(retain: boolean, lines: readonly string[] = []): Promise<RetainTestbed> {
  const brokers: Mosquitto[] = [];
  const brokerTestbed = await BrokerTestbed.open({
    hub: { retain },
    will: WILL,
    steady: ['a'],
    keepAliveMs: 5000, // with less, a busy machine loses b while the broker is there
    brokerAt: (port, folder) => {
      const broker = new Mosquitto(port, folder, undefined, lines);
      brokers.push(broker);
      return broker;
    },
  });
  const [broker] = brokers;
  if (broker === undefined) throw new Error('the testbed has no broker');
  return { brokerTestbed, broker };
}

/**
 * The broker is away; `a` publishes, with RETAIN and without, and `b` is lost while the gateway is killed. Resolves
 * when the broker is back and has all three messages.
 */
async function accumulate({ brokerTestbed, broker }: RetainTestbed): Promise<void> {
  const { testbed } = brokerTestbed;
  await brokerTestbed.enter();
  await broker.stop();
  await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
  const a = testbed.subdevice('a');
  a.publish('kept', { payload: text('1'), retain: true });
  a.publish('passing', { payload: text('2') });
  await testbed.untilAcknowledged();
  await testbed.gateway.signal('SIGKILL');
  testbed.subdevice('b').stop();
  await testbed.gateway.start();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 3); // The will of b too.
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  await broker.start();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.delivered === 3);
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub, RETAIN of subdevices', () => {
  it('reaches it, even if the gateway was killed while it was away; and an empty message deletes', async () => {
    const plan = await openTestbed(true);
    const { brokerTestbed, broker } = plan;
    await accumulate(plan);
    expect(await broker.retained('gw/#')).toEqual(['gw/a/kept 1', 'gw/b/gone lost']);
    const a = brokerTestbed.testbed.subdevice('a');
    a.publish('kept', { payload: new Uint8Array(0), retain: true });
    // Only a message with QoS 1 waits for the new connection of a: the gateway has been killed.
    await brokerTestbed.testbed.untilAcknowledged();
    a.publish('quick', { payload: text('3'), qos: 0, retain: true });
    a.command({ kind: 'publishUnconnected', topic: 'un', payload: text('4'), retain: true });
    const left = ['gw/a/quick 3', 'gw/a/un 4', 'gw/b/gone lost'];
    await until(async () => (await broker.retained('gw/#')).join() === left.join());
  });

  it('is left out without hub.retain: the messages arrive, and none is retained', async () => {
    const plan = await openTestbed(false);
    await accumulate(plan);
    expect(await plan.broker.retained('gw/#')).toEqual([]);
  });

  it('on which the broker closes the connection costs one message, which is sent with RETAIN once it is retried', async () => {
    const lines = ['retain_available false'];
    const { brokerTestbed, broker } = await openTestbed(true, lines);
    const { testbed } = brokerTestbed;
    await brokerTestbed.enter();
    testbed.subdevice('a').publish('kept', { payload: text('1'), retain: true });
    testbed.publish(5);
    await until(async () => {
      const { uplink } = (await testbed.gateway.ledger()).totals;
      return uplink.dead === 1 && uplink.delivered === 10;
    });
    expect(testbed.uplinks.delivered).toBe(10);
    const list = async (): Promise<DeadLettersReport> => {
      const { stdout } = await runProgram('--config', testbed.configPath, '--json', 'dead-letters', 'list');
      return JSON.parse(stdout) as DeadLettersReport;
    };
    await until(async () => (await list()).kept === 1); // A dead letter is written with a later commit.
    expect((await list()).letters).toMatchObject([{ topic: 'gw/a/kept', retain: true }]);
    const shown = await runProgram('--config', testbed.configPath, 'dead-letters', 'show', '1');
    expect(shown.stdout).toMatch(/Topic +gw\/a\/kept\n.*Retain +yes\n/);
    await broker.stop();
    lines.length = 0;
    await broker.start();
    await runProgram('--config', testbed.configPath, 'dead-letters', 'retry', '--all');
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.delivered === 11);
    expect(await broker.retained('gw/#')).toEqual(['gw/a/kept 1']);
  });
});
