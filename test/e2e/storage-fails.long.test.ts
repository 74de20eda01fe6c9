/** Failing storage: no more acknowledgements, exit 74, a start, and after too many failures degraded mode. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { runProgram } from './program.ts';
import { SmallDisk, whyNoMount } from './small-disk.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

const IMPATIENT = fileURLToPath(new URL('./gateway-with-fast-storage-checks.ts', import.meta.url));
const DEAF = fileURLToPath(new URL('./gateway-without-storage-errors.ts', import.meta.url));

describe.skipIf(whyNoMount('ext4') !== undefined)('a disk that becomes read-only during traffic', () => {
  it('ends the process with 74; when it is writable again, no acknowledged message is lost', async () => {
    const testbed = await openTestbed();
    const disk = new SmallDisk(join(testbed.folder, 'state'), 16, 'ext4');
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(50);
    await testbed.untilAcknowledged();
    disk.remountReadOnly();
    testbed.publish(50);
    expect(await testbed.gateway.ended()).toBe(EXIT.storage);
    const { acknowledged } = testbed.uplinks;
    testbed.gateway.spawn();
    expect(await testbed.gateway.ended()).toBe(EXIT.storage);
    expect(testbed.uplinks.acknowledged).toBe(acknowledged);
    disk.remount();
    await testbed.gateway.start();
    testbed.restoreHub();
    await testbed.expectNothingLost();
  });

  it('negative control: costs messages if the gateway continues to acknowledge', async () => {
    const testbed = await openTestbed({ program: DEAF });
    const disk = new SmallDisk(testbed.stateDir, 16, 'ext4');
    await testbed.start();
    await testbed.loseHub();
    disk.remountReadOnly();
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    disk.remount();
    await testbed.gateway.start();
    testbed.restoreHub();
    await testbed.untilIdle();
    expect(testbed.uplinks.missing).toBeGreaterThan(0);
  });

  it('leads to degraded mode after five failures: status answers, and no message is acknowledged', async () => {
    const testbed = await openTestbed();
    const disk = new SmallDisk(join(testbed.folder, 'state'), 16, 'ext4');
    await testbed.start();
    testbed.publish(5);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGTERM');
    disk.remountReadOnly();
    for (let start = 0; start < 5; start += 1) {
      testbed.gateway.spawn();
      expect(await testbed.gateway.ended()).toBe(EXIT.storage);
    }
    await testbed.gateway.start();
    testbed.publish(5);
    const status = await testbed.gateway.status();
    expect(status).toMatchObject({ losing: 'at risk', hub: { state: 'stopped' }, links: [{ state: 'stopped' }, {}] });
    expect(status.sentence).toContain('failed 5 times within ten minutes, the last time with store-failed');
    expect(testbed.uplinks.acknowledged).toBe(10);
    await expect(testbed.gateway.ledger()).rejects.toThrow('failed 5 times');
    expect(await testbed.gateway.signal('SIGTERM')).toBe(EXIT.ok);
  });
});

describe.skipIf(whyNoMount('tmpfs') !== undefined)('degraded mode', () => {
  it('ends degraded mode when the storage is healthy again: status reports both, and everything continues', async () => {
    const testbed = await openTestbed({ program: IMPATIENT });
    const disk = new SmallDisk(testbed.stateDir, 16);
    await testbed.start();
    testbed.publish(5);
    await testbed.untilIdle();
    await testbed.gateway.signal('SIGTERM');
    disk.forbidWriting();
    for (let start = 0; start < 5; start += 1) {
      testbed.gateway.spawn();
      await testbed.gateway.ended();
    }
    await testbed.gateway.start();
    testbed.publish(5);
    await testbed.untilStatus(({ sentence }) => !sentence.includes('times within ten minutes')); // The gateway has checked again.
    const degraded = await runProgram('--config', testbed.configPath, 'status');
    expect([degraded.code, degraded.stdout]).toEqual([EXIT.ok, expect.stringContaining('The storage fails')]);
    expect(testbed.uplinks.acknowledged).toBe(10);
    disk.allowWriting();
    await until(() => /storage works again/.test(testbed.gateway.journal));
    await testbed.gateway.ready();
    await testbed.expectNothingLost();
    expect(testbed.uplinks.acknowledged).toBe(20);
    expect(existsSync(join(testbed.folder, 'storage-failures'))).toBe(false);
    const { conditions } = await testbed.gateway.status();
    expect(conditions.map(({ code }) => code)).not.toContain('store-failed');
    const well = await runProgram('--config', testbed.configPath, 'status');
    expect([well.code, well.stdout]).toEqual([EXIT.ok, expect.not.stringContaining('The storage fails')]);
  });
});

describe('the file that counts failures', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['torn', Buffer.from('12345 store-fai')],
    ['noise', Buffer.from(Uint8Array.from({ length: 5000 }, (_, place) => (place * 97) % 256))],
    ['of the future', Buffer.from('999999999999 store-failed\n'.repeat(8))],
  ])('can be %s: the gateway starts', async (_what, bytes) => {
    const testbed = await openTestbed();
    const path = join(testbed.folder, 'storage-failures');
    writeFileSync(path, bytes);
    await testbed.start();
    testbed.publish(3);
    await testbed.expectNothingLost();
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});
