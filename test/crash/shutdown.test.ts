/**
 * The kernel's own view of a power cut: ext4 is shut down under a gateway in full traffic, mounted again, and the store is
 * opened. What the enumeration of `images.test.ts` assumes about a medium is here what a real file system does.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import type { FieldSubdevice } from '../../src/bench/field-subdevice.ts';
import { type House, openHouse } from '../e2e/house.ts';
import { type Shutdown, SmallDisk, whyNoMount } from '../e2e/small-disk.ts';
import { until } from '../e2e/until.ts';
import { inspect } from './inspection.ts';
import { DAY, keepSending } from './recording.ts';

const CARELESS = fileURLToPath(new URL('./careless-gateway.ts', import.meta.url));
const DISK_MB = 16;
const COMMANDS = 20;
/** Uplinks acknowledged with the hub away, before the cut comes in the middle of the next ones. */
const ACKNOWLEDGED = 200;

/** Leaves the file system mounted again and the gateway down. @returns how that ended */
async function cutInTraffic(house: House, disk: SmallDisk, how: Shutdown): Promise<number | string> {
  const c = house.subdevice('c');
  await house.start();
  c.stop();
  for (let left = COMMANDS; left > 0; left -= 1) house.command(c);
  await until(() => house.session?.stored === 0 && house.session.inFlight === 0);
  await house.loseHub();
  const traffic = keepSending(house, c);
  await until(() => house.uplinks.acknowledged >= ACKNOWLEDGED);
  disk.shutDown(how);
  const ended = await house.gateway.ended();
  traffic.stop();
  disk.remount();
  return ended;
}

/** What was acknowledged, has reached nobody, and is not in the store. */
function missingFrom(house: House, names: ReturnType<typeof inspect>['names']): string[] {
  const absent = (kept: 'uplinks' | 'downlinks', { id, [kept]: books }: FieldSubdevice): string[] =>
    Array.from({ length: books.sent }, (_, index) => index + 1)
      .filter((number) => books.isAcknowledged(number) && !books.hasArrived(number))
      .filter((number) => !names[kept].has(`${id}/${number}`))
      .map((number) => `${kept} ${id}/${number}`);
  return house.subdevices.flatMap((one) => [...absent('uplinks', one), ...absent('downlinks', one)]);
}

describe.skipIf(whyNoMount('ext4') !== undefined)('ext4 that is shut down in the middle of traffic', () => {
  it.each<Shutdown>(['journal lost', 'journal kept', 'journal flushed'])(
    'holds everything that was acknowledged when it is mounted again (%s)',
    async (how) => {
      const house = await openHouse(DAY);
      const disk = new SmallDisk(house.stateDir, DISK_MB, 'ext4');
      expect(await cutInTraffic(house, disk, how)).toBe(EXIT.storage);
      const { names, corrupt, wrong } = inspect(house.stateDir);
      expect({ missing: missingFrom(house, names), corrupt, wrong }).toEqual({ missing: [], corrupt: [], wrong: [] });
      expect(names.downlinks.size).toBe(COMMANDS);
      expect(names.uplinks.size).toBeGreaterThanOrEqual(ACKNOWLEDGED);
      await house.gateway.start();
      house.restoreHub();
      house.subdevice('c').start();
      await house.expectNothingLost();
    },
  );

  it('is seen to lose what was acknowledged by a gateway that does not flush (synchronous=OFF)', async () => {
    const house = await openHouse({ ...DAY, program: CARELESS });
    writeFileSync(join(house.folder, 'synchronous'), 'OFF');
    const disk = new SmallDisk(house.stateDir, DISK_MB, 'ext4');
    await cutInTraffic(house, disk, 'journal lost');
    expect(missingFrom(house, inspect(house.stateDir).names).length).toBeGreaterThan(COMMANDS);
  });
});
