/**
 * SIGTERM: messages in flight are completed, the rest is committed, and the files of the process can be read and
 * used.
 */
import { describe, expect, it } from 'vitest';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import type { OfflineStatus } from '../../src/ops/reports/offline-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

describe('SIGTERM', () => {
  it('during traffic ends with 0, and the file balances with everything acknowledged', async () => {
    const testbed = await openTestbed({ config: { inbox: { replay_interval_ms: 0 } } });
    await testbed.start();
    testbed.publish(300);
    for (let count = 0; count < 30; count += 1) for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await until(() => testbed.uplinks.acknowledged > 100);
    expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
    const ledger = await offlineLedger(testbed);
    expect(ledger.balances).toBe(true);
    expect(testbed.uplinks.missing).toBeLessThanOrEqual(ledger.totals.uplink.pending);
    expect(ledger.totals.uplink.accepted).toBeGreaterThanOrEqual(testbed.uplinks.acknowledged);
    await testbed.gateway.start();
    await testbed.expectNothingLost();
  });

  it('with the hub away leaves all acknowledged messages on disk', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(200);
    await testbed.untilAcknowledged();
    expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
    const { totals, balances } = await offlineLedger(testbed);
    expect({ balances, ...totals.uplink }).toMatchObject({ balances: true, accepted: 400, delivered: 0, pending: 400 });
    testbed.restoreHub();
    await testbed.gateway.start();
    await testbed.expectNothingLost();
  });

  it('sends DISCONNECT to the hub, and counts the messages that were never on the disk', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.publish(50);
    await testbed.expectNothingLost();
    expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
    // The hub of this process can read its last bytes after the end of the gateway was seen.
    await until(() => testbed.session?.isConnected === false);
    expect(testbed.events.at(-1)).toMatchObject({ kind: 'disconnected', why: 'DISCONNECT' });
    const { totals } = await offlineLedger(testbed);
    expect(totals.uplink).toMatchObject({ accepted: 100, delivered: 100, pending: 0 });
  });
});

describe('the command line without a gateway', () => {
  it('status reports from the file what is safe on disk, and exits with 69', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(10);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    const { code, stdout } = await runProgram('status', '--json', '--config', testbed.configPath);
    const status = JSON.parse(stdout) as OfflineStatus;
    expect(code).toBe(69);
    expect(status).toMatchObject({ running: false, uplinksOnDisk: 20, balances: true });
    const words = await runProgram('status', '--config', testbed.configPath);
    expect(words).toMatchObject({
      code: 69,
      stdout: expect.stringContaining('20 messages for the hub are safe on disk'),
    });
  });

  it('outbox and subdevices show what the store holds, with the age of the oldest, and exit with 69', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const b = testbed.subdevice('b');
    b.stop();
    testbed.command(b);
    await until(() => testbed.session?.stored === 0 && testbed.session.inFlight === 0);
    await testbed.loseHub();
    for (let count = 0; count < 10; count += 1) testbed.subdevice('a').publish('t');
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    const shown = async (...words: string[]) => await runProgram(...words, '--config', testbed.configPath);
    const oldest = { ms: expect.any(Number), quality: 'exact' };
    const outbox = await shown('outbox', '--json');
    const waiting = { messages: 10, bytes: expect.any(Number), oldest };
    expect({ code: outbox.code, ...JSON.parse(outbox.stdout) }).toEqual({
      code: 69,
      schema: 'holdfast/outbox-offline/1',
      running: false,
      total: waiting,
      lanes: [{ subdevice: 'a', ...waiting }],
      findings: [],
      unknown: [],
    });
    const subdevices = await shown('subdevices', '--json');
    expect(subdevices.code).toBe(69);
    const none = { messages: 0, bytes: 0, oldest: null };
    expect(JSON.parse(subdevices.stdout)).toMatchObject({
      running: false,
      subdevices: [
        { id: 'a', link: 'link-a', lasting: true, uplinks: waiting, downlinks: none },
        { id: 'b', link: 'link-b', lasting: true, uplinks: none, downlinks: { messages: 1, oldest } },
      ],
    });
    expect((await shown('outbox')).stdout).toMatch(
      /^The gateway is not running\. The store holds 10 messages for the hub \(.*B\)\.\n[\s\S]*^a +10 +\S+ [kK]?i?B +\d+ \w+$/m,
    );
    expect((await shown('subdevices')).stdout).toMatch(/^b +link-b +kept +0 +0 B +- +1 +\S+ \w+ +\d+ \w+$/m);
  });

  it('ledger balances the file of a gateway that was killed, and exits with 0', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.publish(20);
    await testbed.expectNothingLost();
    await testbed.loseHub();
    testbed.publish(20);
    await until(() => testbed.uplinks.acknowledged > 50);
    await testbed.gateway.signal('SIGKILL');
    const ledger = await offlineLedger(testbed);
    expect(ledger).toMatchObject({ source: 'store', balances: true });
    const shown = await runProgram('ledger', '--config', testbed.configPath);
    expect(shown.stdout.replaceAll(/\s+/g, ' ')).toContain('counts of messages that were never on disk may be missing');
    const status = await runProgram('status', '--config', testbed.configPath);
    expect(status.stdout).toMatch(/^Losing data\? Unknown\. The gateway is not running/);
    expect(ledger.totals.uplink.pending).toBeGreaterThan(10);
  });

  it('status and ledger of a running gateway exit with 0 and agree with the testbed', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.publish(5);
    await testbed.expectNothingLost();
    const status = await runProgram('status', '--json', '--config', testbed.configPath);
    expect({ ...status, stdout: JSON.parse(status.stdout) }).toMatchObject({ code: 0, stdout: { losing: 'no' } });
    const ledger = await runProgram('ledger', '--json', '--config', testbed.configPath);
    expect(ledger.code).toBe(0);
    expect(JSON.parse(ledger.stdout)).toMatchObject({ source: 'running', totals: { uplink: { delivered: 10 } } });
  });
});

async function offlineLedger(testbed: Testbed): Promise<LedgerReport> {
  const { code, stdout } = await runProgram('ledger', '--json', '--config', testbed.configPath);
  expect(code).toBe(0);
  return JSON.parse(stdout) as LedgerReport;
}
