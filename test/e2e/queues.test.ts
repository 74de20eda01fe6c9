/** Commands on messages in custody: list, show, export, hold, release, retry, drop. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MessageReport } from '../../src/ops/queues/message-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const COUNT = 30;

/** The hub is away, and `a` and `b` have each sent `COUNT` messages on `t` and on `u`. */
async function openWithBacklog(): Promise<Testbed> {
  const testbed = await openTestbed();
  await testbed.start();
  await testbed.loseHub();
  testbed.publish(COUNT, 't');
  testbed.publish(COUNT, 'u');
  await testbed.untilAcknowledged();
  return testbed;
}

function run(testbed: Testbed, ...words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram('--config', testbed.configPath, ...words);
}

async function list(testbed: Testbed, ...words: readonly string[]): Promise<readonly MessageReport[]> {
  const { stdout } = await run(testbed, '--json', 'outbox', 'list', '--limit', '1000', ...words);
  return (JSON.parse(stdout) as { readonly messages: MessageReport[] }).messages;
}

/** Topics of the uplinks that have arrived, without those of the presence. */
function arrived(testbed: Testbed): string[] {
  return testbed.arrivals.map(({ topic }) => topic);
}

describe('messages in custody', () => {
  it('are listed, shown and exported, also while no gateway runs', async () => {
    const testbed = await openWithBacklog();
    const all = await list(testbed);
    expect(all).toHaveLength(4 * COUNT);
    expect(all[0]).toMatchObject({ state: 'waiting', qos: 1, payload: null });
    expect(await list(testbed, '--subdevice', 'a', '--topic', 'gw/+/u')).toHaveLength(COUNT);
    expect(await list(testbed, '--older-than', '1h')).toHaveLength(0);
    expect(await list(testbed, '--newer-than', '1h')).toHaveLength(4 * COUNT);
    const paged = await run(testbed, 'outbox', 'list', '--limit', '2');
    expect(paged.stdout).toContain(`More: holdfast outbox list --after ${all[1]?.number}`);
    const inJson = await run(testbed, '--json', 'outbox', 'show', String(all[0]?.number));
    expect(JSON.parse(inJson.stdout)).toMatchObject({ queue: 'outbox', running: true, number: all[0]?.number });
    const shown = await run(testbed, 'outbox', 'show', String(all[0]?.number));
    expect(shown.stdout).toMatch(/gw\/[ab]\/t[\s\S]*waiting[\s\S]*n=1;/);
    expect((await run(testbed, 'outbox', 'show', '99999999')).code).toBe(64);
    const wrong = await run(testbed, 'outbox', 'list', '--subdevice', 'aa');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean a?') });

    const out = join(testbed.folder, 'out.ndjson');
    const exported = await run(testbed, '--json', 'outbox', 'export', '--out', out);
    expect(JSON.parse(exported.stdout)).toMatchObject({ path: out, messages: 4 * COUNT, damaged: 0 });
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).number)).toEqual(all.map(({ number }) => number));
    expect(JSON.parse(lines[0] ?? '').payload.text).toContain('n=1;');
    expect((await run(testbed, 'outbox', 'export', '--out', out)).code).toBe(64);

    await testbed.gateway.signal('SIGTERM');
    expect((await list(testbed)).map(({ number }) => number)).toEqual(all.map(({ number }) => number));
    const piped = await run(testbed, 'outbox', 'export', '--subdevice', 'b');
    expect(piped.stdout.trimEnd().split('\n')).toHaveLength(2 * COUNT);
    expect((await run(testbed, 'outbox', 'hold', '--all')).code).toBe(69);
    expect((await run(testbed, 'inbox', 'list')).stdout).toContain('The inbox is empty.');
  });

  it('on hold wait over a restart, and are sent in their order when they are released; other topics are not delayed', async () => {
    const testbed = await openWithBacklog();
    const held = await run(testbed, 'outbox', 'hold', '--subdevice', 'a', '--topic', 'gw/a/t');
    expect(held).toMatchObject({ code: 0, stdout: expect.stringContaining("release --subdevice a --topic 'gw/a/t'") });
    testbed.restoreHub();
    await until(() => arrived(testbed).filter((topic) => topic !== 'gw/a/t').length >= 3 * COUNT);
    testbed.publish(COUNT, 't');
    await testbed.untilAcknowledged();
    await until(() => arrived(testbed).filter((topic) => topic === 'gw/b/t').length === 2 * COUNT);
    expect(arrived(testbed)).not.toContain('gw/a/t');
    expect((await list(testbed)).map(({ state }) => state)).toEqual(Array(2 * COUNT).fill('on hold'));
    const { conditions } = await testbed.gateway.status();
    expect(conditions.map(({ code }) => code)).toContain('on-hold');
    expect((await run(testbed, 'outbox')).stdout).toContain('gw/a/t');

    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    testbed.publish(1, 'u');
    await testbed.untilAcknowledged();
    await until(async () => (await testbed.gateway.status()).outbox.messages === 2 * COUNT);
    expect(arrived(testbed)).not.toContain('gw/a/t');
    const wrong = await run(testbed, 'outbox', 'release', '--subdevice', 'b');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('Holds: a on gw/a/t') });
    expect((await run(testbed, 'outbox', 'release', '--subdevice', 'a', '--topic', 'gw/a/t')).code).toBe(0);
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(testbed.uplinks).toMatchObject({ missing: 0 });
    const numbers = testbed.arrivals
      .filter(({ topic }) => topic === 'gw/a/t')
      .map(({ payload }) => Number(/n=(\d+);/.exec(String(Buffer.from(payload)))?.[1]));
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    expect((await run(testbed, 'outbox', 'release', '--all')).code).toBe(1);
  });

  it('of the inbox on hold are delivered when they are released', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    expect((await run(testbed, 'inbox', 'hold', '--subdevice', 'a')).code).toBe(0);
    for (const subdevice of testbed.subdevices) for (let count = 0; count < 5; count += 1) testbed.command(subdevice);
    await until(() => testbed.subdevice('b').downlinks.delivered === 5);
    await until(async () => (await testbed.gateway.status()).inbox.messages === 5);
    expect(testbed.subdevice('a').downlinks.delivered).toBe(0);
    expect((await run(testbed, 'inbox')).stdout).toContain('On hold by an operator');
    expect((await run(testbed, 'inbox', 'release', '--all')).code).toBe(0);
    await testbed.expectNothingLost();
  });

  it('are dropped only with --yes, after a copy, and the ledger counts them', async () => {
    const testbed = await openWithBacklog();
    expect((await run(testbed, 'outbox', 'drop')).code).toBe(64);
    const dry = await run(testbed, 'outbox', 'drop', '--subdevice', 'a', '--topic', 'gw/a/#');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining(`Would drop ${2 * COUNT} messages`) });
    expect(await list(testbed)).toHaveLength(4 * COUNT);
    const before = await list(testbed, '--subdevice', 'a', '--topic', 'gw/a/u');
    const dropped = await run(testbed, 'outbox', 'drop', '--subdevice', 'a', '--topic', 'gw/a/u', '--yes');
    expect(dropped).toMatchObject({ code: 0, stdout: expect.stringContaining(`${COUNT} messages dropped`) });
    const folder = join(testbed.stateDir, 'dropped');
    const [file = ''] = readdirSync(folder);
    const copies = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
    expect(copies.map((line) => JSON.parse(line).number)).toEqual(before.map(({ number }) => number));
    const { totals, balances } = await testbed.gateway.ledger();
    expect(balances).toBe(true);
    expect(totals.uplink).toMatchObject({ pending: 3 * COUNT, shed: { 'dropped by hand': COUNT } });
    const none = await run(testbed, 'outbox', 'drop', '--topic', 'gw/a/u', '--yes');
    expect(none.stdout).toBe('No message in the outbox matches.\n');
    testbed.restoreHub();
    await testbed.untilIdle();
    expect(arrived(testbed)).not.toContain('gw/a/u');
    expect(existsSync(join(folder, file))).toBe(true);
  });

  it('that wait for nothing are not retried, and the reason is given', async () => {
    const testbed = await openWithBacklog();
    const outbox = await run(testbed, 'outbox', 'retry');
    expect(outbox).toMatchObject({ code: 1, stderr: expect.stringContaining('The hub is not connected') });
    expect(await run(testbed, 'inbox', 'retry')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No downlink waits'),
    });
  });
});
