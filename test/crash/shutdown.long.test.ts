/**
 * A power cut at the kernel: ext4 is shut down under a gateway in full traffic, mounted again, and the store is
 * opened. The assumptions of `images.long.test.ts` on a medium are compared here with a real file system.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { type Shutdown, SmallDisk, whyNoMount } from '../e2e/small-disk.ts';
import { openTestbed, type Testbed } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { inspect } from './inspection.ts';
import { DAY, keepSending } from './recording.ts';

const CARELESS = fileURLToPath(new URL('./gateway-without-full-sync.ts', import.meta.url));
const DISK_MB = 16;
const COMMANDS = 20;
/** Uplinks acknowledged with the hub away, before the cut during the next ones. */
const ACKNOWLEDGED = 200;

interface Cut {
  /** Exit of the gateway. */
  readonly ended: number | string;
  /** Messages acknowledged before the cut that had reached no next hop. */
  readonly unacknowledged: readonly string[];
}

/**
 * Leaves the file system mounted again and the gateway stopped. Unlike a power cut, this one lets the machine run: an
 * fsync in progress at that moment may return success from a journal that has just been shut down (seen once in about
 * thirty cuts: one commit). So only earlier acknowledgements count.
 */
async function cutInTraffic(testbed: Testbed, disk: SmallDisk, how: Shutdown): Promise<Cut> {
  const c = testbed.subdevice('c');
  await testbed.start();
  c.stop();
  for (let left = COMMANDS; left > 0; left -= 1) testbed.command(c);
  await until(() => testbed.session?.stored === 0 && testbed.session.inFlight === 0);
  await testbed.loseHub();
  const traffic = keepSending(testbed, c);
  await until(() => testbed.uplinks.acknowledged >= ACKNOWLEDGED);
  const unacknowledged = owedBy(testbed);
  disk.shutDown(how);
  const ended = await testbed.gateway.ended();
  traffic.stop();
  disk.remount();
  return { ended, unacknowledged };
}

function owedBy(testbed: Testbed): string[] {
  const unacknowledged = (kept: 'uplinks' | 'downlinks', { id, [kept]: books }: FieldSubdevice): string[] =>
    Array.from({ length: books.sent }, (_, index) => index + 1)
      .filter((number) => books.isAcknowledged(number) && !books.hasArrived(number))
      .map((number) => `${kept} ${id}/${number}`);
  return testbed.subdevices.flatMap((one) => [...unacknowledged('uplinks', one), ...unacknowledged('downlinks', one)]);
}

function missingFrom({ unacknowledged }: Cut, { uplinks, downlinks }: ReturnType<typeof inspect>['names']): string[] {
  const found = new Set([...uplinks].map((name) => `uplinks ${name}`));
  for (const name of downlinks) found.add(`downlinks ${name}`);
  return unacknowledged.filter((name) => !found.has(name));
}

describe.skipIf(whyNoMount('ext4') !== undefined)('ext4 that is shut down during traffic', () => {
  it.each<Shutdown>(['journal lost', 'journal kept', 'journal flushed'])(
    'contains every acknowledged message when it is mounted again (%s)',
    async (how) => {
      const testbed = await openTestbed(DAY);
      const disk = new SmallDisk(testbed.stateDir, DISK_MB, 'ext4');
      const cut = await cutInTraffic(testbed, disk, how);
      expect(cut.ended).toBe(EXIT.storage);
      expect(cut.unacknowledged.length).toBeGreaterThanOrEqual(ACKNOWLEDGED);
      const { names, corrupt, wrong } = inspect(testbed.stateDir);
      expect({ missing: missingFrom(cut, names), corrupt, wrong }).toEqual({ missing: [], corrupt: [], wrong: [] });
      expect(names.downlinks.size).toBe(COMMANDS);
      expect(names.uplinks.size).toBeGreaterThanOrEqual(ACKNOWLEDGED);
      await testbed.gateway.start();
      testbed.restoreHub();
      testbed.subdevice('c').start();
      await testbed.untilIdle();
      const still = new Set(owedBy(testbed));
      expect(cut.unacknowledged.filter((name) => still.has(name))).toEqual([]);
    },
  );

  it('negative control: loses acknowledged messages of a gateway that does not flush (synchronous=OFF)', async () => {
    const testbed = await openTestbed({ ...DAY, program: CARELESS });
    writeFileSync(join(testbed.folder, 'synchronous'), 'OFF');
    const disk = new SmallDisk(testbed.stateDir, DISK_MB, 'ext4');
    const cut = await cutInTraffic(testbed, disk, 'journal lost');
    expect(missingFrom(cut, inspect(testbed.stateDir).names).length).toBeGreaterThan(COMMANDS);
  });
});
