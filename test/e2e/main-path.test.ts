/** The main path without faults: both directions, in order, with few writes to flash. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

describe('with the hub connected', () => {
  it('carries messages both ways, in order, each once', async () => {
    const testbed = await openTestbed({ subdevices: { a: {}, b: {}, c: { window: 1 } } });
    await testbed.start();
    for (let round = 0; round < 100; round += 1) {
      testbed.publish(1);
      for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    }
    const { totals } = await testbed.expectNothingLost();
    expect(testbed.uplinks).toMatchObject({ sent: 300, acknowledged: 300, duplicates: 0 });
    expect(testbed.downlinks).toMatchObject({ sent: 300, duplicates: 0 });
    expect(totals).toMatchObject({
      uplink: { accepted: 300, delivered: 300, shed: {}, dead: 0 },
      downlink: { accepted: 300, delivered: 300, shed: {}, dead: 0 },
    });
  });

  it('passes payloads of every size and byte on unchanged', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} }, config: { link: { packet_bytes_max: 4096 } } });
    await testbed.start();
    for (const bytes of [16, 255, 256, 1015]) testbed.subdevice('a').publish('t', { bytes });
    await testbed.expectNothingLost();
    expect(testbed.arrivals.map(({ payload }) => payload.length)).toEqual([16, 255, 256, 1015]);
  });

  it('writes nothing to flash for steady traffic, and does with the hub away', async () => {
    const testbed = await openTestbed({ config: { outbox: { hold_ms: 10_000 }, inbox: { hold_ms: 10_000 } } });
    await testbed.start();
    // A start writes: sessions and subscriptions, and lazy changes a little later.
    await until(async () => (await steadyFlashBytes(testbed)) === 0);
    expect(await steadyFlashBytes(testbed)).toBe(0);
    const before = flashBytesWritten(testbed);
    await testbed.loseHub();
    testbed.publish(1);
    await testbed.untilAcknowledged();
    expect(flashBytesWritten(testbed) - before).toBeGreaterThan(0);
  });

  it('passes QoS 0 on without an acknowledgement', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    for (const subdevice of testbed.subdevices) {
      subdevice.publish('t', { qos: 0 });
      subdevice.publish('t', { qos: 1 });
    }
    await testbed.expectNothingLost();
    expect(testbed.arrivals.map(({ qos }) => qos).sort()).toEqual([0, 0, 1, 1]);
  });
});

/** Longer than any deferred write of the gateway (`OLD_MS_MAX` of commit/segments.ts: 2 s). */
const STEADY_MS = 2500;

/** Bytes written while messages go both ways, each answered before the next is sent. */
async function steadyFlashBytes(testbed: Testbed): Promise<number> {
  const before = flashBytesWritten(testbed);
  const untilMs = performance.now() + STEADY_MS;
  while (performance.now() < untilMs) {
    testbed.publish(1);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.untilAcknowledged();
    await until(() => testbed.session?.inFlight === 0);
  }
  return flashBytesWritten(testbed) - before;
}

/** Bytes that this process caused to be written to the medium, as counted by the kernel (proc(5), write_bytes). */
function flashBytesWritten({ gateway }: Testbed): number {
  const found = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${gateway.pid}/io`, 'utf8'));
  return Number(found?.[1]);
}
