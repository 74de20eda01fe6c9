/** A disk that is full: subdevices are told to wait, deletes go on, and with room again everything does; nothing is lost. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { followTail } from '../../src/ops/api/control-client.ts';
import type { OfflineStatus } from '../../src/ops/reports/offline-report.ts';
import { RESERVE_BYTES } from '../../src/store/disk-reserve.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { type FileSystem, SmallDisk, whyNoMount } from './small-disk.ts';
import { until } from './until.ts';

const DISK_MB = 8;
/** Deletes of delivered messages make a commit of their own when so many wait, or when they are two seconds old (`src/commit/segments.ts`). */
const DELETES_WAITING_MAX = 512;
const DEAF = fileURLToPath(new URL('./gateway-without-storage-errors.ts', import.meta.url));

describe.skipIf((whyNoMount('tmpfs') ?? whyNoMount('ext4')) !== undefined)('a disk that is full', () => {
  it.each<FileSystem>(['tmpfs', 'ext4'])(
    '(%s) makes subdevices wait until there is room, and loses nothing',
    async (kind) => {
      const { house, disk, reserve } = await houseOn(kind);
      expect(statSync(reserve).size).toBe(RESERVE_BYTES);
      await house.loseHub();
      house.publish(50);
      await house.untilAcknowledged();
      const refused = untilRefused(house);
      disk.fill();
      for (let round = 0; round < 3000; round += 1) house.publish(1);
      const full = await house.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'store-full'));
      expect([full.losing, existsSync(reserve)]).toEqual(['at risk', false]);
      await refused;
      const { acknowledged } = house.uplinks;
      disk.free();
      house.restoreHub();
      await house.untilStatus(({ conditions }) => conditions.every(({ code }) => code !== 'store-full'));
      await house.expectNothingLost();
      expect(acknowledged).toBeLessThan(house.uplinks.sent);
      expect(statSync(reserve).size).toBe(RESERVE_BYTES);
    },
  );

  it('is seen to cost messages when the gateway acknowledges what found no room', async () => {
    const { house, disk } = await houseOn('tmpfs', DEAF);
    await house.loseHub();
    disk.fill();
    house.publish(3000);
    await house.untilAcknowledged();
    await house.gateway.signal('SIGKILL');
    disk.free();
    await house.gateway.start();
    house.restoreHub();
    await house.untilIdle();
    expect(house.uplinks.missing).toBeGreaterThan(0);
  });

  it('still lets what was stored go to the hub, and writes the deletes into the room of the reserve', async () => {
    const { house, disk } = await houseOn('tmpfs');
    await house.loseHub();
    house.publish(300);
    await house.untilAcknowledged();
    disk.fill();
    for (let round = 0; round < 3000; round += 1) house.publish(1);
    const { outbox } = await house.untilStatus(({ conditions }) =>
      conditions.some(({ code }) => code === 'store-full'),
    );
    expect(outbox.onDisk).toBeGreaterThan(500);
    house.restoreHub();
    await until(async () => (await house.gateway.status()).outbox.onDisk === 0);
    const status = await house.gateway.status();
    expect(status.conditions.map(({ code }) => code)).toContain('store-full');
    await house.gateway.signal('SIGKILL');
    const { stdout } = await runProgram('status', '--json', '--config', house.configPath);
    const { uplinksOnDisk }: OfflineStatus = JSON.parse(stdout);
    const { duplicates } = house.uplinks;
    // deletes were on the disk, all but those that did not make a commit yet; and nothing else comes twice
    expect(uplinksOnDisk).toBeLessThanOrEqual(DELETES_WAITING_MAX);
    await house.gateway.start();
    disk.free();
    await house.expectNothingLost();
    expect(house.uplinks.duplicates - duplicates).toBe(uplinksOnDisk);
  });

  it('gets no PUBACK out of the gateway for what it cannot keep, and the hub sends it again', async () => {
    const { house, disk } = await houseOn('tmpfs');
    const [a] = house.subdevices;
    if (a === undefined) throw new Error('this house has a subdevice');
    await house.loseHub();
    a.stop();
    disk.fill();
    for (let round = 0; round < 3000; round += 1) house.subdevices.at(1)?.publish('t');
    await house.untilStatus(({ conditions }) => conditions.some(({ code }) => code === 'store-full'));
    for (let count = 0; count < 10; count += 1) house.command(a);
    house.restoreHub();
    await until(() => (house.session?.inFlight ?? 0) > 0);
    await house.gateway.signal('SIGKILL');
    disk.free();
    await house.gateway.start();
    house.enter(a);
    await house.expectNothingLost();
  });

  it.each([
    ['empty', 0],
    ['torn', 1000],
    ['too large', 3 * RESERVE_BYTES],
  ])('has a reserve even if the file was %s at the start', async (_what, bytes) => {
    const { house, reserve } = await houseOn('tmpfs');
    await house.gateway.signal('SIGKILL');
    writeFileSync(reserve, Buffer.alloc(bytes));
    await house.gateway.start();
    expect(statSync(reserve).size).toBe(RESERVE_BYTES);
  });

  it('lets the gateway start on it, with the room of the reserve', async () => {
    const { house, disk, reserve } = await houseOn('tmpfs');
    await house.gateway.signal('SIGKILL');
    disk.fill();
    await house.gateway.start();
    expect(existsSync(reserve)).toBe(true);
    house.publish(300);
    disk.free();
    await house.expectNothingLost();
  });
});

async function houseOn(kind: FileSystem, program?: string) {
  const other = program === undefined ? {} : { program };
  const house = await openHouse({ ...other, config: { outbox: { commit_ms: 5 }, inbox: { replay_interval_ms: 5 } } });
  const state = join(house.folder, 'state');
  const disk = new SmallDisk(state, kind === 'ext4' ? 2 * DISK_MB : DISK_MB, kind);
  await house.start();
  return { house, disk, reserve: join(state, 'reserve') };
}

/** A subdevice is told "rejected: congestion" (MQTT-SN 1.2 §5.3.10), seen where it happens. */
async function untilRefused(house: House): Promise<void> {
  for await (const line of followTail(house.socketPath, new AbortController().signal)) {
    if (line.kind === 'event' && line.name === 'uplinkRefused' && line.detail.reason === 'congestion') return;
  }
  throw new Error('nobody was told to wait');
}
