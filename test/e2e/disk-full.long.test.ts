/** A full disk: subdevices must wait, deletes continue, and with room again everything continues; nothing is lost. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { followTail } from '../../src/ops/api/control-client.ts';
import type { OfflineStatus } from '../../src/ops/reports/offline-report.ts';
import { EVERYTHING } from '../../src/ops/tail/tail-request.ts';
import { RESERVE_BYTES } from '../../src/store/disk-reserve.ts';
import { openLinesTestbed } from './lines-testbed.ts';
import { runProgram } from './program.ts';
import { Recorder } from './recorder.ts';
import { type FileSystem, SmallDisk, whyNoMount } from './small-disk.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const DISK_MB = 8;
/**
 * Number of waiting deletes of delivered messages that force a commit; they also force one at an age of two seconds
 * (`src/commit/segments.ts`).
 */
const DELETES_WAITING_MAX = 512;
const WITHOUT_STORAGE_ERRORS = fileURLToPath(new URL('./gateway-without-storage-errors.ts', import.meta.url));

describe.skipIf((whyNoMount('tmpfs') ?? whyNoMount('ext4')) !== undefined)('a disk that is full', () => {
  it.each<FileSystem>(['tmpfs', 'ext4'])(
    '(%s) makes subdevices wait until there is room, and loses nothing',
    async (kind) => {
      const { testbed, disk, reserve } = await testbedOn(kind);
      expect(statSync(reserve).size).toBe(RESERVE_BYTES);
      await testbed.loseHub();
      testbed.publish(50);
      await testbed.untilAcknowledged();
      const refused = untilRefused(testbed);
      disk.fill();
      for (let round = 0; round < 3000; round += 1) testbed.publish(1);
      const full = await testbed.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'store-full'));
      expect([full.losing, existsSync(reserve)]).toEqual(['at risk', false]);
      await refused;
      const { acknowledged } = testbed.uplinks;
      disk.free();
      testbed.restoreHub();
      await testbed.untilStatus(({ conditions }) => conditions.every(({ code }) => code !== 'store-full'));
      await testbed.expectNothingLost();
      expect(acknowledged).toBeLessThan(testbed.uplinks.sent);
      expect(statSync(reserve).size).toBe(RESERVE_BYTES);
    },
  );

  it('negative control: costs messages if the gateway acknowledges messages without room', async () => {
    const { testbed, disk } = await testbedOn('tmpfs', WITHOUT_STORAGE_ERRORS);
    await testbed.loseHub();
    disk.fill();
    testbed.publish(3000);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    disk.free();
    await testbed.gateway.start();
    testbed.restoreHub();
    await testbed.untilIdle();
    expect(testbed.uplinks.missing).toBeGreaterThan(0);
  });

  it('still lets stored messages go to the hub, and writes the deletes into the room of the reserve', async () => {
    const { testbed, disk } = await testbedOn('tmpfs');
    await testbed.loseHub();
    testbed.publish(300);
    await testbed.untilAcknowledged();
    disk.fill();
    for (let round = 0; round < 3000; round += 1) testbed.publish(1);
    const { outbox } = await testbed.untilStatus(({ conditions }) =>
      conditions.some(({ code }) => code === 'store-full'),
    );
    expect(outbox.onDisk).toBeGreaterThan(500);
    testbed.restoreHub();
    await until(async () => (await testbed.gateway.status()).outbox.onDisk === 0);
    const status = await testbed.gateway.status();
    expect(status.conditions.map(({ code }) => code)).toContain('store-full');
    await testbed.gateway.signal('SIGKILL');
    const { stdout } = await runProgram('status', '--json', '--config', testbed.configPath);
    const { uplinksOnDisk }: OfflineStatus = JSON.parse(stdout);
    const { duplicates } = testbed.uplinks;
    // Deletes were on the disk, except those without a commit yet; no other message is duplicated.
    expect(uplinksOnDisk).toBeLessThanOrEqual(DELETES_WAITING_MAX);
    await testbed.gateway.start();
    disk.free();
    await testbed.expectNothingLost();
    expect(testbed.uplinks.duplicates - duplicates).toBe(uplinksOnDisk);
  });

  it('makes the gateway send no PUBACK for a message that it cannot store, and the hub sends the message again', async () => {
    const { testbed, disk } = await testbedOn('tmpfs');
    const [a] = testbed.subdevices;
    if (a === undefined) throw new Error('this testbed has a subdevice');
    await testbed.loseHub();
    a.stop();
    disk.fill();
    for (let round = 0; round < 3000; round += 1) testbed.subdevices.at(1)?.publish('t');
    await testbed.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'store-full'));
    for (let count = 0; count < 10; count += 1) testbed.command(a);
    testbed.restoreHub();
    await until(() => (testbed.session?.inFlight ?? 0) > 0);
    await testbed.gateway.signal('SIGKILL');
    disk.free();
    await testbed.gateway.start();
    testbed.enter(a);
    await testbed.expectNothingLost();
  });

  it('is the first condition and the only remedy, also if lines without repetition are lost', async () => {
    const testbed = await openLinesTestbed({ lines: { topic: 't' } });
    const disk = new SmallDisk(testbed.stateDir, 2 * DISK_MB, 'ext4');
    await testbed.gateway.start();
    const device = new Recorder();
    const channel = testbed.pty.open(device);
    await device.untilOpen();
    const send = (text: string): void => channel.write(new TextEncoder().encode(text));
    await until(async () => (await testbed.gateway.status()).links[0]?.subdevices.length === 1);
    testbed.hub.setFault({ kind: 'set', faults: { reach: 'refuses' } });
    testbed.hub.setFault({ kind: 'dropConnections' });
    send('12.5\n');
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.accepted === 1);
    disk.fill();
    let status = await testbed.gateway.status();
    await until(async () => {
      send(`${'x'.repeat(200)}\n`.repeat(20));
      status = await testbed.gateway.status();
      return status.conditions.some(({ sentence }) => sentence.includes('cannot be asked to wait'));
    });
    const [first, ...others] = status.conditions;
    expect(first).toMatchObject({
      code: 'store-full',
      losing: 'yes',
      sentence: expect.stringMatching(
        /^The disk is full: .* [\d,]+ uplinks? lost: their devices cannot be asked to wait\.$/,
      ),
      hint: expect.stringMatching(/^Free at least 2 MB on the disk/),
    });
    expect(status.sentence).toMatch(/^Yes\. The disk is full/);
    expect(others.map(({ code }) => code)).not.toContain('uplinks-refused');
    expect(others.map(({ hint }) => hint).join()).not.toMatch(/[Bb]ind the subdevice|Free the disk/);
    disk.free();
    channel.close('done');
  });

  it.each([
    ['empty', 0],
    ['torn', 1000],
    ['too large', 3 * RESERVE_BYTES],
  ])('has a reserve even if the file was %s at the start', async (_what, bytes) => {
    const { testbed, reserve } = await testbedOn('tmpfs');
    await testbed.gateway.signal('SIGKILL');
    writeFileSync(reserve, Buffer.alloc(bytes));
    await testbed.gateway.start();
    expect(statSync(reserve).size).toBe(RESERVE_BYTES);
  });

  it('lets the gateway start, with the room of the reserve', async () => {
    const { testbed, disk, reserve } = await testbedOn('tmpfs');
    await testbed.gateway.signal('SIGKILL');
    disk.fill();
    await testbed.gateway.start();
    expect(existsSync(reserve)).toBe(true);
    testbed.publish(300);
    disk.free();
    await testbed.expectNothingLost();
  });
});

async function testbedOn(kind: FileSystem, program?: string) {
  const other = program === undefined ? {} : { program };
  const testbed = await openTestbed({
    ...other,
    config: { outbox: { commit_ms: 5 }, inbox: { replay_interval_ms: 5 } },
  });
  const state = join(testbed.folder, 'state');
  const disk = new SmallDisk(state, kind === 'ext4' ? 2 * DISK_MB : DISK_MB, kind);
  await testbed.start();
  return { testbed, disk, reserve: join(state, 'reserve') };
}

/** Observes that a subdevice receives "rejected: congestion" (MQTT-SN 1.2 §5.3.10). */
async function untilRefused(testbed: Testbed): Promise<void> {
  for await (const line of followTail(testbed.socketPath, EVERYTHING, new AbortController().signal)) {
    if (line.kind === 'event' && line.name === 'uplinkRefused' && line.detail.reason === 'congestion') return;
  }
  throw new Error('no subdevice was asked to wait');
}
