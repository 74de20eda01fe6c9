/**
 * The n-th fsync of a life fails, for each n: the process ends with 74, and whatever it acknowledged is there, in the next
 * life and after a power cut. What stood before a failed fsync may never reach the medium, though every reader still
 * sees it, and no later fsync says so: that is what Linux does, and what the power cuts here assume.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import type { House } from '../e2e/house.ts';
import { until } from '../e2e/until.ts';
import { DAY, isUnrecordable, keepSending, openRecordedHouse, SLOW_HUB_MS } from './recording.ts';
import { enumerateTrace } from './telling.ts';

/** Lives in traffic: past the opening of the store and its first commits. */
const LIVES = 6;

describe.skipIf(isUnrecordable())('an fsync that fails', () => {
  it('ends the first start with 74 wherever it comes, and the next start does as if nothing had been', {
    timeout: 60_000,
  }, async () => {
    const { house, failFsync } = await openRecordedHouse(DAY);
    let n = 0;
    for (let isBorn = false; !isBorn; ) {
      n += 1;
      failFsync(n);
      house.gateway.spawn();
      const ended = await Promise.race([
        house.gateway.ended(),
        house.gateway.ready().catch(() => house.gateway.ended()),
      ]);
      isBorn = ended === undefined;
      if (!isBorn) expect({ n, ended }).toEqual({ n, ended: EXIT.storage });
      await house.gateway.signal('SIGKILL');
      failFsync(0);
      await house.gateway.start();
      await house.gateway.signal('SIGKILL');
      rmSync(house.stateDir, { recursive: true });
      forgetFailures(house);
    }
    expect(n).toBeGreaterThan(3);
  });

  it.each([
    ['alone', 0],
    ['and every later one of that life', 1_000_000],
  ])('%s loses nothing that was acknowledged, in traffic, for each n', { timeout: 60_000 }, async (_, more) => {
    const { house, failFsync, trace } = await openRecordedHouse(DAY);
    const c = house.subdevice('c');
    const { promise: isSubscribed, resolve } = Promise.withResolvers<void>();
    c.onReport(({ kind }) => {
      if (kind === 'subscribed') resolve();
    });
    await house.start();
    await isSubscribed;
    c.order({ kind: 'disconnect' });
    await until(() => !c.isConnected);
    await house.gateway.signal('SIGKILL');
    house.setFaults({ sendDelayMs: SLOW_HUB_MS });
    const traffic = keepSending(house, c);
    for (let n = 1; n <= LIVES; n += 1) {
      if (n % 2 === 0) house.restoreHub();
      else house.setFaults({ reach: 'refuses' });
      failFsync(n, more);
      forgetFailures(house);
      house.command(c);
      house.gateway.spawn();
      expect({ n, ended: await house.gateway.ended() }).toEqual({ n, ended: EXIT.storage });
    }
    traffic.stop();
    house.setFaults({ sendDelayMs: 0 });
    failFsync(0);
    forgetFailures(house);
    house.restoreHub();
    await house.gateway.start();
    c.order({ kind: 'connect' });
    await until(() => c.isConnected);
    await house.expectNothingLost();
    await house.gateway.signal('SIGTERM');
    const result = enumerateTrace(`${LIVES} lives with ${more + 1} failed fsyncs`, trace());
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.promised.uplinks).toBeGreaterThan(LIVES);
  });
});

/** The process keeps count, and does not start as usual after five; here each life is to be a usual one. */
function forgetFailures(house: House): void {
  rmSync(join(house.folder, 'storage-failures'), { force: true });
}
