/** Configurations of the hub on the real gateway: on topics of its own, and by the service `$config` of the hub. */
import { describe, expect, it } from 'vitest';
import type { TimedFinding } from '../../src/doctor/check.ts';
import type { RemoteConfigReport } from '../../src/ops/remote/remote-config-report.ts';
import { complaintsAbout } from '../json-complaints.ts';
import { config, edit, report } from './config-edits.ts';
import { runProgram } from './program.ts';
import { openStrictHubTestbed } from './strict-hub-testbed.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const DOCUMENTS = 'holdfast/gw/config';
const REPORTS = 'holdfast/gw/config/report';
const REMOTE = `[remote]
config = ["hub", "outbox", "link", "subdevice"]
config_topic = "holdfast/{gateway}/config"
config_report_topic = "holdfast/{gateway}/config/report"
requests_per_minute = 60
`;

function reportsOf({ arrivals }: Testbed, topic = REPORTS): RemoteConfigReport[] {
  const texts = arrivals.filter((one) => one.topic === topic).map(({ payload }) => new TextDecoder().decode(payload));
  for (const text of texts) expect(complaintsAbout(text)).toEqual([]);
  return texts.map((text): RemoteConfigReport => JSON.parse(text));
}

function send({ hub }: Testbed, document: object): void {
  hub.publish({ topic: DOCUMENTS, payload: new TextEncoder().encode(JSON.stringify(document)), qos: 1 });
}

/** Finding of `doctor` about the file beside the running gateway. */
async function drift(testbed: Testbed): Promise<TimedFinding | undefined> {
  const { stdout } = await runProgram('doctor', '--json', '--config', testbed.configPath);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly TimedFinding[] };
  return findings.find(({ id }) => id === 'config.drift');
}

/** Waits for a report with this result. */
async function reportOf(testbed: Testbed, version: string, result: RemoteConfigReport['result'], topic = REPORTS) {
  const find = () => reportsOf(testbed, topic).find((one) => one.version === version && one.result === result);
  await until(() => find() !== undefined);
  return find();
}

/** Starts the gateway and its subdevices; resolves when the gateway has subscribed to the documents. */
async function start(testbed: Testbed): Promise<void> {
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  const isServed = (): boolean => testbed.session?.subscriptions.some(({ filter }) => filter === DOCUMENTS) === true;
  await until(() => testbed.session?.isConnected === true && isServed());
  await until(() => testbed.subdevices.every(({ isSubscribed }) => isSubscribed));
}

describe('a configuration of the hub', () => {
  it('is applied in traffic without loss, kept over a kill, named by the commands, and ended by the file', async () => {
    const testbed = await openTestbed({ more: REMOTE });
    await start(testbed);
    await until(() => reportsOf(testbed).some(({ result, inEffect }) => result === 'none' && inEffect === null));
    testbed.publish(20);
    send(testbed, { version: '7', config: { link: { 'link-b': { retries_max: 7 } }, outbox: { messages_max: 5000 } } });
    testbed.publish(20);
    expect(await reportOf(testbed, '7', 'confirmed')).toMatchObject({ inEffect: '7', problems: [] });
    expect(await report(testbed)).toMatchObject({
      ...{ state: 'confirmed', changes: [] },
      hub: { version: '7', keys: ['link[link-b].retries_max', 'outbox.messages_max'] },
    });
    const diff = await runProgram('--config', testbed.configPath, 'config', 'diff');
    expect(diff.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'Version 7 of the configuration of the hub is in effect over',
    );

    const explained = await runProgram('--config', testbed.configPath, 'config', 'explain', 'outbox.messages_max');
    expect(explained.stdout.replaceAll(/\s+/g, ' ')).toContain(
      '1000000 in the file, 5000 in the running gateway, set by the hub',
    );

    expect(await drift(testbed)).toMatchObject({ verdict: 'ok', facts: [expect.stringContaining('version 7')] });
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await until(
      () => reportsOf(testbed).filter(({ version, result }) => version === '7' && result === 'confirmed').length > 1,
    );
    expect((await testbed.gateway.status()).process.hubConfigVersion).toBe('7');
    expect((await report(testbed)).changes).toEqual([]);

    edit(testbed, (text) => text.replace('config = ["hub", "outbox", "link", "subdevice"]', 'config = ["outbox"]'));
    expect((await report(testbed)).changes.map(({ key }) => key)).toContain('link[link-b].retries_max');
    expect(await drift(testbed)).toMatchObject({
      verdict: 'warn',
      facts: [expect.stringMatching(/does not run with the present content of .* with version 7 of the configuration/)],
    });
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    expect((await report(testbed)).hub?.keys).toEqual(['outbox.messages_max']);
    await until(() => reportsOf(testbed).some(({ inEffect, closed }) => inEffect === '7' && closed.join() === 'link'));
    await testbed.expectNothingLost();
    const { stdout } = await runProgram('--json', '--config', testbed.configPath, 'events');
    expect(stdout).toContain('remote configuration');
  });

  it('with a mistake is rejected with all its problems, and the gateway keeps running', async () => {
    const testbed = await openTestbed({ more: REMOTE });
    await start(testbed);
    send(testbed, { version: 'bad', config: { outbox: { messages_max: -1, nonsense: true }, link: { new: {} } } });
    const rejected = await reportOf(testbed, 'bad', 'rejected');
    expect(rejected?.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['outbox.messages_max', 'outbox.nonsense', 'link[new].path']),
    );
    send(testbed, { version: 'evil', config: { hub: { host: 'attacker.example' }, remote: { config: ['hub'] } } });
    expect((await reportOf(testbed, 'evil', 'rejected'))?.problems.map(({ path }) => path)).toEqual([
      'hub.host',
      'remote',
    ]);
    expect((await report(testbed)).hub).toBeNull();
    testbed.publish(3);
    await testbed.expectNothingLost();
  });

  it('that cuts off a link is rolled back by itself, also over a kill in the trial', async () => {
    const testbed = await openTestbed({ more: REMOTE, env: { INVOCATION_ID: '1' } });
    await start(testbed);
    send(testbed, { version: '1', config: { link: { 'link-b': { path: '/dev/serial/by-id/unplugged' } } } });
    await reportOf(testbed, '1', 'on-trial');
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    const back = await reportOf(testbed, '1', 'rolled-back');
    expect(back).toMatchObject({ inEffect: null, reason: expect.stringContaining('ended before') });
    expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [], hub: null });
    const { stdout } = await runProgram('--json', '--config', testbed.configPath, 'events', '--kind', 'configuration');
    expect(stdout).toContain('was rolled back: the gateway ended before the configuration was confirmed');
    send(testbed, { version: '1', config: { link: { 'link-b': { path: '/dev/serial/by-id/unplugged' } } } });
    send(testbed, { version: '2', config: {} });
    await reportOf(testbed, '2', 'confirmed');
    expect(
      reportsOf(testbed).filter(({ version, result }) => version === '1' && result === 'on-trial'),
      'the document that was rolled back is not tried again',
    ).toHaveLength(1);
    testbed.publish(3);
    await testbed.expectNothingLost();
  });

  it('that needs a restart is on trial after it, and is confirmed when the hub is connected again', async () => {
    const testbed = await openTestbed({ more: REMOTE, env: { INVOCATION_ID: '1' } });
    await start(testbed);
    send(testbed, { version: '1', config: { hub: { in_flight_max: 7 } }, restart: true });
    expect(await testbed.gateway.ended()).toBe(0);
    await testbed.gateway.start();
    await reportOf(testbed, '1', 'confirmed');
    const { hub, changes } = await report(testbed);
    expect([hub?.version, changes]).toEqual(['1', []]);
    expect((await config(testbed, 'diff')).code).toBe(0);
  });
});

it('with a hub profile the gateway requests its configuration ($config), and the hub may also send it by itself', async () => {
  const more = `[remote]
config = ["outbox"]
config_report_topic = "{product_id}/{device_name}/config"
`;
  const topic = 'GGGGGGGGGG/gw/config';
  const testbed = await openStrictHubTestbed(
    { customTopics: [{ product: 'GGGGGGGGGG', topic, right: 'publish' }] },
    ['a'],
    more,
  );
  const configure = (version: string, held: number, devices: string[]): void => {
    const configuration = { version, config: { outbox: { hold_ms: held } } };
    testbed.hub.serve({ kind: 'configure', product: 'GGGGGGGGGG', configuration, devices });
  };
  configure('1', 100, []);
  await testbed.gateway.start();
  await reportOf(testbed, '1', 'confirmed', topic);
  configure('2', 90, ['gw']);
  await reportOf(testbed, '2', 'confirmed', topic);
  expect((await report(testbed)).hub).toEqual({ version: '2', keys: ['outbox.hold_ms'] });
});
