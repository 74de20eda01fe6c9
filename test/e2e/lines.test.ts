/** Plain lines on a PTY, through the real process: both directions, with kills, and for a device without answers. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sumAccounts } from '../../src/bench/account.ts';
import { IS_LONG_RUN } from '../long-run.ts';
import { openLinesTestbed } from './lines-testbed.ts';
import { Recorder } from './recorder.ts';
import { until } from './until.ts';

const KILLS = IS_LONG_RUN ? 20 : 6;
const UNSAFE = fileURLToPath(new URL('./gateway-without-commits.ts', import.meta.url));

describe('a device whose lines are answered', () => {
  it(`loses no acknowledged message, in either direction, over ${KILLS} kills of the gateway`, {
    timeout: 600_000,
  }, async () => {
    const testbed = await openLinesTestbed();
    await testbed.start();
    await testbed.killAgainAndAgain(KILLS, 20_261_122);
    const ledger = await testbed.untilIdle();
    const { uplinks, downlinks } = testbed.device;
    console.log(
      `up ${uplinks.sent}, accepted ${ledger.totals.uplink.accepted}, twice ${uplinks.duplicates}; down ${downlinks.sent}, twice ${downlinks.duplicates}`,
    );
    expect({ up: sumAccounts([uplinks]), down: sumAccounts([downlinks]) }).toMatchObject({
      // the device does not wait for each answer, so the order of its lines is not guaranteed (docs/lines.md)
      up: { missing: 0, delivered: uplinks.sent },
      down: { missing: 0, reordered: 0, delivered: downlinks.sent },
    });
    expect(ledger.balances).toBe(true);
    const { links } = await testbed.gateway.status();
    expect(links[0]).toMatchObject({ driver: 'lines', counters: { crcErrors: 0, malformedPackets: 0 } });
  });

  it('negative control: loses messages if the gateway answers before the commit', { timeout: 600_000 }, async () => {
    const testbed = await openLinesTestbed({ program: UNSAFE });
    await testbed.start();
    await testbed.killAgainAndAgain(3, 20_261_122);
    await testbed.untilIdle();
    expect(testbed.device.uplinks.missing + testbed.device.downlinks.missing).toBeGreaterThan(0);
  });
});

describe('a device that only sends', () => {
  it('has its fields published, and receives a command in one line', async () => {
    const testbed = await openLinesTestbed({
      lines: {
        pattern: '^(?P<room>[^,]+),(?P<temp>[0-9.]+)$',
        topic: 'room/{room}',
        payload: 'json',
        downlinks: ['cmd'],
        downlink: 'set {payload}',
      },
    });
    await testbed.gateway.start();
    const shell = new Recorder();
    const line = testbed.pty.open(shell);
    await shell.untilOpen();
    await until(async () => (await testbed.gateway.status()).links[0]?.subdevices.length === 1);
    line.write(new TextEncoder().encode('hall,21.5\n\u001b[31mgarbage\nx/../$sys/#,4\n'));
    await until(() => testbed.arrivals.length === 2);
    expect(testbed.arrivals).toEqual([
      { topic: 'gw/meter/room/hall', text: '{"room":"hall","temp":"21.5"}' },
      { topic: 'gw/meter/room/x%2F..%2F%24sys%2F%23', text: '{"room":"x/../$sys/#","temp":"4"}' },
    ]);
    await until(() => testbed.hub.sessions()[0]?.subscriptions.length === 1);
    testbed.hub.publish({ topic: 'gw/meter/cmd', payload: new TextEncoder().encode('22'), qos: 1 });
    expect((await shell.untilReceived(7)).toString()).toBe('set 22\n');
    await until(async () => (await testbed.gateway.ledger()).totals.downlink.delivered === 1);
    line.close('done');
  });
});
