/** Commands of the hub to the real gateway, on topics of its own and by calls of the hub. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RemoteAnswer } from '../../src/ops/remote/remote-answer.ts';
import { complaintsAbout } from '../json-complaints.ts';
import { runProgram } from './program.ts';
import { openStrictHubTestbed } from './strict-hub-testbed.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const REQUESTS = 'holdfast/gw/request';
const ANSWERS = 'holdfast/gw/answer';
const MORE = `[remote]
commands = ["status", "ledger", "link-test", "record", "restart"]
request_topic = "holdfast/{gateway}/request"
answer_topic = "holdfast/{gateway}/answer"
requests_per_minute = 60
`;

function textsOf({ arrivals }: Testbed, topic: string): string[] {
  return arrivals.filter((one) => one.topic === topic).map(({ payload }) => new TextDecoder().decode(payload));
}

function send({ hub }: Testbed, request: object): void {
  const payload = new TextEncoder().encode(JSON.stringify(request));
  hub.publish({ topic: REQUESTS, payload, qos: 1 });
}

/** Waits for the answers to a request. */
async function answersTo(testbed: Testbed, id: string, count = 1): Promise<RemoteAnswer[]> {
  const find = (): string[] => textsOf(testbed, ANSWERS).filter((text) => JSON.parse(text).id === id);
  await until(() => find().length >= count);
  for (const text of find()) expect(complaintsAbout(text)).toEqual([]);
  return find().map((text): RemoteAnswer => JSON.parse(text));
}

async function ask(
  testbed: Testbed,
  request: { readonly id: string; readonly command: string; readonly args?: object },
) {
  send(testbed, request);
  const [answer] = await answersTo(testbed, request.id);
  if (answer === undefined) throw new Error(`no answer to ${request.id}`);
  return answer.ok ? { result: answer.result } : { code: answer.error.code };
}

async function untilServed(testbed: Testbed): Promise<void> {
  const isServed = (filter: string): boolean =>
    testbed.session?.subscriptions.some((one) => one.filter === filter) === true;
  await until(() => testbed.session?.isConnected === true && isServed(REQUESTS));
}

it('commands are answered, each once, ahead of the backlog, and others get their reason', async () => {
  const testbed = await openTestbed({ config: { hub: { messages_per_s: 40 } }, more: MORE });
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  await untilServed(testbed);
  await until(() => testbed.subdevices.every(({ isSubscribed }) => isSubscribed));

  expect(await ask(testbed, { id: 's', command: 'status' })).toMatchObject({ result: { gateway: 'gw' } });
  expect(await ask(testbed, { id: 'l', command: 'ledger' })).toMatchObject({ result: { balances: true, cut: 0 } });
  const args = { link: 'link-a', subdevice: 'a', count: 2 };
  const tested = await ask(testbed, { id: 't', command: 'link-test', args });
  expect(tested).toMatchObject({ result: { probes: [{ answers: 1 }, { answers: 1 }] } });
  expect(await ask(testbed, { id: 'r', command: 'record', args: { of: 'hub' } })).toMatchObject({
    result: { frozen: [{ of: 'hub' }] },
  });
  expect(await ask(testbed, { id: 'c', command: 'config-confirm' })).toEqual({ code: 'not-allowed' });
  expect(await ask(testbed, { id: 'u', command: 'reboot' })).toEqual({ code: 'unknown-command' });
  expect(await ask(testbed, { id: 'a', command: 'link-test' })).toEqual({ code: 'failed' });
  send(testbed, { id: 's', command: 'status' });
  expect((await answersTo(testbed, 's', 2)).map(({ ok }) => ok)).toEqual([true, false]);

  await testbed.loseHub();
  testbed.publish(40);
  await testbed.untilAcknowledged();
  testbed.arrivals.length = 0;
  send(testbed, { id: 'early', command: 'status' });
  testbed.restoreHub();
  await answersTo(testbed, 'early');
  const place = testbed.arrivals.findIndex(({ topic }) => topic === ANSWERS);
  expect(testbed.arrivals.slice(0, place).length, 'the backlog has 80 messages').toBeLessThan(40);
  await testbed.expectNothingLost();
  expect(testbed.gateway.journal).toContain('operator hub: remote status s: done');
});

it('a restart that the hub requests twice runs once, over two starts', async () => {
  const testbed = await openTestbed({ subdevices: { a: {} }, more: MORE, env: { INVOCATION_ID: 'test' } });
  await testbed.gateway.start();
  await untilServed(testbed);
  send(testbed, { id: 'again', command: 'restart' });
  expect(await testbed.gateway.ended()).toBe(0);
  expect(await answersTo(testbed, 'again')).toMatchObject([{ ok: true, result: { restarting: true } }]);
  await testbed.gateway.start();
  send(testbed, { id: 'again', command: 'restart' });
  const [, second] = await answersTo(testbed, 'again', 2);
  expect(second).toMatchObject({ ok: false, error: { code: 'repeated' } });
  expect(await ask(testbed, { id: 'after', command: 'status' })).toHaveProperty('result');
});

it('a configuration on trial is confirmed by the hub, and the events name the hub and its request', async () => {
  const more = MORE.replace('"restart"', '"config-confirm"');
  const testbed = await openTestbed({ subdevices: { a: {} }, more });
  await testbed.gateway.start();
  await untilServed(testbed);
  expect(await ask(testbed, { id: 'none', command: 'config-confirm' })).toEqual({ code: 'failed' });

  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, text.replace('name = "link-a"', 'name = "link-a"\nretries_max = 4'));
  const program = (...words: string[]) => runProgram('--json', '--config', testbed.configPath, ...words);
  expect((await program('config', 'apply', '--confirm', '10m')).code).toBe(0);
  const confirmed = await ask(testbed, { id: 'yes', command: 'config-confirm' });
  expect(confirmed).toMatchObject({ result: { mark: expect.stringMatching(/./) } });
  expect((await program('config', 'confirm')).code, 'no trial is left').not.toBe(0);

  const { stdout } = await program('events');
  expect(stdout).toContain('operator hub: remote config-confirm yes: done');
  expect(stdout).toContain('operator hub: remote config-confirm none: failed');
});

it('with a hub profile, calls of the hub are answered, and the firmware version is reported', async () => {
  const testbed = await openStrictHubTestbed({}, ['a'], '[remote]\ncommands = ["status"]\nreport_firmware = true\n');
  await testbed.gateway.start();
  const device = { product: 'GGGGGGGGGG', device: 'gw' };
  const { process: own } = await testbed.gateway.status();
  await until(() => Object(testbed.hub.serve({ kind: 'firmware', device })).version === own.version);
  await until(
    () => testbed.session?.subscriptions.some(({ filter }) => filter === '$rrpc/rxd/GGGGGGGGGG/gw/+') === true,
  );
  const call = JSON.stringify({ id: '1', command: 'status' });
  const { id } = Object(testbed.hub.serve({ kind: 'call', device, payload: Buffer.from(call).toString('base64') }));
  const reply = (): { readonly payload?: string } => Object(testbed.hub.serve({ kind: 'reply', id }));
  await until(() => reply().payload !== undefined);
  const text = Buffer.from(reply().payload ?? '', 'base64').toString();
  expect(complaintsAbout(text)).toEqual([]);
  expect(JSON.parse(text)).toMatchObject({ id: '1', ok: true, result: { gateway: 'gw' } });
});
