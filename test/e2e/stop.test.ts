/** SIGTERM: in flight lands, the rest is committed, and what the process leaves behind can be read and goes on. */
import { describe, expect, it } from 'vitest';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import type { OfflineStatus } from '../../src/ops/reports/offline-report.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

describe('SIGTERM', () => {
  it('in the middle of traffic ends with 0, and the file balances with everything acknowledged', async () => {
    const house = await openHouse({ config: { inbox: { replay_interval_ms: 0 } } });
    await house.start();
    house.publish(300);
    for (let count = 0; count < 30; count += 1) for (const subdevice of house.subdevices) house.command(subdevice);
    await until(() => house.uplinks.acknowledged > 100);
    expect(await house.gateway.signal('SIGTERM')).toBe(0);
    const ledger = await offlineLedger(house);
    expect(ledger.balances).toBe(true);
    expect(house.uplinks.missing).toBeLessThanOrEqual(ledger.totals.uplink.pending);
    expect(ledger.totals.uplink.accepted).toBeGreaterThanOrEqual(house.uplinks.acknowledged);
    await house.gateway.start();
    await house.expectNothingLost();
  });

  it('with the hub away leaves everything acknowledged on disk', async () => {
    const house = await openHouse();
    await house.start();
    await house.loseHub();
    house.publish(200);
    await house.untilAcknowledged();
    expect(await house.gateway.signal('SIGTERM')).toBe(0);
    const { totals, balances } = await offlineLedger(house);
    expect({ balances, ...totals.uplink }).toMatchObject({ balances: true, accepted: 400, delivered: 0, pending: 400 });
    house.restoreHub();
    await house.gateway.start();
    await house.expectNothingLost();
  });

  it('says good-bye to the hub, and counts what never touched the disk', async () => {
    const house = await openHouse();
    await house.start();
    house.publish(50);
    await house.expectNothingLost();
    expect(await house.gateway.signal('SIGTERM')).toBe(0);
    expect(house.events.at(-1)).toMatchObject({ kind: 'disconnected', why: 'it said so' });
    const { totals } = await offlineLedger(house);
    expect(totals.uplink).toMatchObject({ accepted: 100, delivered: 100, pending: 0 });
  });
});

describe('the command line without a gateway', () => {
  it('status answers from the file what is safe on disk, and exits with 69', async () => {
    const house = await openHouse();
    await house.start();
    await house.loseHub();
    house.publish(10);
    await house.untilAcknowledged();
    await house.gateway.signal('SIGKILL');
    const { code, stdout } = await runProgram('status', '--json', '--config', house.configPath);
    const status = JSON.parse(stdout) as OfflineStatus;
    expect(code).toBe(69);
    expect(status).toMatchObject({ running: false, uplinksOnDisk: 20, balances: true });
    const words = await runProgram('status', '--config', house.configPath);
    expect(words).toMatchObject({
      code: 69,
      stdout: expect.stringContaining('20 messages for the hub are safe on disk'),
    });
  });

  it('ledger balances the file of a gateway that was killed, and exits with 0', async () => {
    const house = await openHouse();
    await house.start();
    house.publish(20);
    await house.expectNothingLost();
    await house.loseHub();
    house.publish(20);
    await until(() => house.uplinks.acknowledged > 50);
    await house.gateway.signal('SIGKILL');
    const ledger = await offlineLedger(house);
    expect(ledger).toMatchObject({ source: 'store', balances: true });
    expect(ledger.totals.uplink.pending).toBeGreaterThan(10);
  });

  it('status and ledger of a running gateway exit with 0 and agree with what was seen outside', async () => {
    const house = await openHouse();
    await house.start();
    house.publish(5);
    await house.expectNothingLost();
    const status = await runProgram('status', '--json', '--config', house.configPath);
    expect({ ...status, stdout: JSON.parse(status.stdout) }).toMatchObject({ code: 0, stdout: { losing: 'no' } });
    const ledger = await runProgram('ledger', '--json', '--config', house.configPath);
    expect(ledger.code).toBe(0);
    expect(JSON.parse(ledger.stdout)).toMatchObject({ source: 'running', totals: { uplink: { delivered: 10 } } });
  });
});

async function offlineLedger(house: House): Promise<LedgerReport> {
  const { code, stdout } = await runProgram('ledger', '--json', '--config', house.configPath);
  expect(code).toBe(0);
  return JSON.parse(stdout) as LedgerReport;
}
