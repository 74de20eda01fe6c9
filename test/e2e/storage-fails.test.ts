/** Storage that fails: nothing is acknowledged any more, exit 74, a start, and after too many of them degraded mode. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { SmallDisk, whyNoMount } from './small-disk.ts';
import { until } from './until.ts';

const IMPATIENT = fileURLToPath(new URL('./gateway-with-fast-storage-checks.ts', import.meta.url));
const DEAF = fileURLToPath(new URL('./gateway-without-storage-errors.ts', import.meta.url));

describe.skipIf(whyNoMount('ext4') !== undefined)('a disk that turns read-only under traffic', () => {
  it('ends the process with 74; writable again, nothing acknowledged is lost', async () => {
    const house = await openHouse();
    const disk = new SmallDisk(join(house.folder, 'state'), 16, 'ext4');
    await house.start();
    await house.loseHub();
    house.publish(50);
    await house.untilAcknowledged();
    disk.remountReadOnly();
    house.publish(50);
    expect(await house.gateway.ended()).toBe(EXIT.storage);
    const { acknowledged } = house.uplinks;
    house.gateway.spawn();
    expect(await house.gateway.ended()).toBe(EXIT.storage);
    expect(house.uplinks.acknowledged).toBe(acknowledged);
    disk.remount();
    await house.gateway.start();
    house.restoreHub();
    await house.expectNothingLost();
  });

  it('is seen to cost messages when the gateway goes on acknowledging', async () => {
    const house = await openHouse({ program: DEAF });
    const disk = new SmallDisk(house.stateDir, 16, 'ext4');
    await house.start();
    await house.loseHub();
    disk.remountReadOnly();
    house.publish(50);
    await house.untilAcknowledged();
    await house.gateway.signal('SIGKILL');
    disk.remount();
    await house.gateway.start();
    house.restoreHub();
    await house.untilIdle();
    expect(house.uplinks.missing).toBeGreaterThan(0);
  });

  it('is waited for in degraded mode after five failures: status answers, and nobody gets an acknowledgement', async () => {
    const house = await openHouse();
    const disk = new SmallDisk(join(house.folder, 'state'), 16, 'ext4');
    await house.start();
    house.publish(5);
    await house.untilAcknowledged();
    await house.gateway.signal('SIGTERM');
    disk.remountReadOnly();
    for (let start = 0; start < 5; start += 1) {
      house.gateway.spawn();
      expect(await house.gateway.ended()).toBe(EXIT.storage);
    }
    await house.gateway.start();
    house.publish(5);
    const status = await house.gateway.status();
    expect(status).toMatchObject({ losing: 'at risk', hub: { state: 'stopped' }, links: [{ state: 'stopped' }, {}] });
    expect(status.sentence).toContain('failed 5 times within ten minutes, the last time with store-failed');
    expect(house.uplinks.acknowledged).toBe(10);
    await expect(house.gateway.ledger()).rejects.toThrow('failed 5 times');
    expect(await house.gateway.signal('SIGTERM')).toBe(EXIT.ok);
  });
});

describe.skipIf(whyNoMount('tmpfs') !== undefined)('degraded mode', () => {
  it('is left when storage is well again: status tells both, and everything goes on', async () => {
    const house = await openHouse({ program: IMPATIENT });
    const disk = new SmallDisk(house.stateDir, 16);
    await house.start();
    house.publish(5);
    await house.untilIdle();
    await house.gateway.signal('SIGTERM');
    disk.forbidWriting();
    for (let start = 0; start < 5; start += 1) {
      house.gateway.spawn();
      await house.gateway.ended();
    }
    await house.gateway.start();
    house.publish(5);
    await house.untilStatus(({ sentence }) => !sentence.includes('times within ten minutes')); // it has looked again
    const degraded = await runProgram('--config', house.configPath, 'status');
    expect([degraded.code, degraded.stdout]).toEqual([EXIT.ok, expect.stringContaining('Storage fails')]);
    expect(house.uplinks.acknowledged).toBe(10);
    disk.allowWriting();
    await until(() => /(?<!until )storage is well again/.test(house.gateway.journal));
    await house.gateway.ready();
    await house.expectNothingLost();
    expect(house.uplinks.acknowledged).toBe(20);
    expect(existsSync(join(house.folder, 'storage-failures'))).toBe(false);
    const { conditions } = await house.gateway.status();
    expect(conditions.map(({ code }) => code)).not.toContain('store-failed');
    const well = await runProgram('--config', house.configPath, 'status');
    expect([well.code, well.stdout]).toEqual([EXIT.ok, expect.not.stringContaining('Storage fails')]);
  });
});

describe('the file that counts failures', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['torn', Buffer.from('12345 store-fai')],
    ['noise', Buffer.from(Uint8Array.from({ length: 5000 }, (_, place) => (place * 97) % 256))],
    ['of the future', Buffer.from('999999999999 store-failed\n'.repeat(8))],
  ])('may be %s: the gateway starts', async (_what, bytes) => {
    const house = await openHouse();
    const path = join(house.folder, 'storage-failures');
    writeFileSync(path, bytes);
    await house.start();
    house.publish(3);
    await house.expectNothingLost();
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});
