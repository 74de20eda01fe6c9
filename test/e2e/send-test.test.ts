/** Test messages of an operator through the real gateway, in both directions, and what is refused. */
import { describe, expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

interface Sent {
  readonly code: number | string;
  readonly report: { readonly outcome: string | null; readonly isStored: boolean | null; readonly topic: string };
  readonly stderr: string;
}

async function send(testbed: Testbed, ...words: readonly string[]): Promise<Sent> {
  const { code, stdout, stderr } = await runProgram('--json', '--config', testbed.configPath, 'send', ...words);
  return { code, report: stdout === '' ? { outcome: null, isStored: null, topic: '' } : JSON.parse(stdout), stderr };
}

describe('a test uplink', () => {
  it('arrives at the hub as one of the subdevice, and waits on disk while the hub is away', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const near = await send(testbed, 'uplink', 'a', 'test', '--payload', 'hello', '--wait');
    expect(near).toMatchObject({ code: 0, report: { outcome: 'delivered', topic: 'gw/a/test' } });
    const arrived = testbed.arrivals.filter(({ topic }) => topic === 'gw/a/test');
    expect(arrived.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['hello']);
    await testbed.loseHub();
    const far = await send(testbed, 'uplink', 'b', 'test', '--hex', '01 ff');
    expect(far).toMatchObject({ code: 0, report: { outcome: null, isStored: true } });
    const late = await send(testbed, 'uplink', 'b', 'test', '--payload', 'x', '--wait', '--timeout', '1s');
    expect(late).toMatchObject({ code: 1, report: { outcome: null, isStored: true } });
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    testbed.restoreHub();
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.uplink).toMatchObject({ accepted: 3, delivered: 3 });
    expect(testbed.arrivals.filter(({ topic }) => topic === 'gw/b/test')).toHaveLength(2);
    await until(() => testbed.gateway.journal.includes('send uplink b: test message on test, 2 bytes'));
  });

  it('is refused on another topic, of another subdevice, too large, or too often', async () => {
    const testbed = await openTestbed({ config: { hub: { payload_bytes_max: 1000 } } });
    await testbed.start();
    expect((await send(testbed, 'uplink', 'a', 'x/+', '--payload', '1')).stderr).toContain('is no topic of a');
    expect((await send(testbed, 'uplink', 'other', 't', '--payload', '1')).stderr).toContain('No link serves');
    const large = await send(testbed, 'uplink', 'a', 't', '--payload', 'x'.repeat(1001));
    expect(large).toMatchObject({ code: 1, stderr: expect.stringContaining('The hub would not accept the uplink') });
    expect((await send(testbed, 'uplink', 'a', 't', '--payload', 'x'.repeat(1000))).code).toBe(0);
    const all = await Promise.all(
      Array.from({ length: 12 }, () => send(testbed, 'uplink', 'a', 't', '--payload', '1')),
    );
    // the limit is for ten seconds; on a busy machine the commands may take longer
    const refused = all.filter(({ code }) => code !== 0);
    for (const { stderr } of refused) expect(stderr).toContain('Too many test messages');
  });
});

describe('a test downlink', () => {
  it('reaches the subdevice, in the order of real ones, and only on a topic that it has subscribed to', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.command(testbed.subdevice('a'));
    const sent = await send(testbed, 'downlink', 'a', 'cmd', '--payload', 'test');
    expect(sent).toMatchObject({ code: 0, report: { outcome: 'delivered', topic: 'gw/a/cmd' } });
    const ledger = await testbed.expectNothingLost();
    expect(ledger.totals.downlink).toMatchObject({ accepted: 2, delivered: 2 });
    const other = await send(testbed, 'downlink', 'a', 'other', '--payload', 'x');
    expect(other.stderr).toContain('a has not subscribed to gw/a/other');
    expect(other.stderr).toContain('It has subscribed to gw/a/cmd');
    expect((await send(testbed, 'downlink', 'zz', 'cmd', '--payload', 'x')).code).toBe(1);
  });
});

it.each([
  [['uplink', 'a', 't']],
  [['uplink', 'a', 't', 'file']],
  [['uplink', 'a', 't', '--payload', 'x', '--hex', '00']],
  [['uplink', 'a', 't', '--hex', '0']],
  [['uplink', 'a', 't', '--hex', 'zz']],
  [['uplink', 'a', 't', '--file', '/none']],
  [['uplink', 'a', 't', '--payload', 'x'.repeat(65_537)]],
  [['downlink', 'a', 't', '--payload', 'x', '--wait']],
])('send %j is refused before the gateway is asked', async (words) => {
  expect((await runProgram('send', ...words.map(String))).code).toBe(64);
});
