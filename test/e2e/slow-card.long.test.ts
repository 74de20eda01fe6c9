/**
 * A card that takes longer for a commit than any keep alive, under eight busy links, with the hub connected and away.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openSlowCardTestbed, type SlowCardTestbed, whyNoSlowCard } from './slow-card.ts';
import type { Testbed } from './testbed.ts';
import { until } from './until.ts';

const IN_THREAD = fileURLToPath(new URL('../crash/gateway-without-full-sync.ts', import.meta.url));
const NARROW = fileURLToPath(new URL('./gateway-with-small-ram-bound.ts', import.meta.url));
/** Memory of the whole process; the unit allows 256 MB. */
const RSS_BYTES_MAX = 256 * 1024 * 1024;
/** Window of each link. */
const MESSAGES = 8;
const COMMANDS = 10;
/** Size of a payload, and limit of bytes in RAM only: an eighth of what fits in the windows of the links. */
const LARGE_BYTES = 512;
const NARROW_BYTES = 8 * LARGE_BYTES;

describe.skipIf(whyNoSlowCard() !== undefined)('a card that takes longer than a keep alive for a commit', () => {
  it('costs no link, no keep alive on either side, and no message in either direction', {
    timeout: 600_000,
  }, async () => {
    const slow = await openSlowCardTestbed();
    const { testbed } = slow;
    await startBusy(testbed);
    const away = testbed.subdevice('h');
    away.command({ kind: 'disconnect' });
    await until(() => !away.isConnected);
    expect(slow.partings.splice(0)).toEqual(['h gave its gateway up']);
    slow.makeSlow();
    for (const subdevice of testbed.subdevices) {
      for (let left = COMMANDS; left > 0; left -= 1) testbed.command(subdevice);
      if (subdevice !== away) for (let left = MESSAGES; left > 0; left -= 1) subdevice.publish('t');
    }
    await until(() => testbed.session?.stored === 0 && testbed.session.inFlight === 0);
    expect(hubPartings(testbed)).toBe(0);
    away.command({ kind: 'connect' });
    await testbed.loseHub();
    testbed.publish(MESSAGES);
    await testbed.untilAcknowledged();
    const { links, process, store } = await testbed.gateway.status();
    expect(slow.partings).toEqual([]);
    expect(links.map(({ state, counters }) => [state, counters.openings])).toEqual(links.map(() => ['open', 1]));
    // The card was slow: whole windows of all links shared a commit.
    expect(slow.delayed).toBeGreaterThan(1);
    expect(store.commits).toBeLessThan((testbed.uplinks.sent + testbed.downlinks.sent) / 4);
    expect(process.rssBytes).toBeLessThan(RSS_BYTES_MAX);
    slow.makeQuick();
    testbed.restoreHub();
    await testbed.expectNothingLost();
    expect([slow.partings, hubPartings(testbed)]).toEqual([[], 1]);
  });

  it('negative control: costs keep alives if commits are made in the main thread', { timeout: 600_000 }, async () => {
    const slow = await openSlowCardTestbed({ program: IN_THREAD });
    const { testbed } = slow;
    writeFileSync(join(testbed.folder, 'synchronous'), 'FULL');
    await startBusy(testbed);
    await testbed.loseHub();
    slow.makeSlow();
    testbed.publish(1);
    await until(() => slow.delayed > 0);
    slow.makeQuick();
    await until(() => slow.partings.length > 0);
    await testbed.untilAcknowledged();
  });

  it('makes subdevices wait when too many bytes are in RAM only, and never exceeds that limit', {
    timeout: 600_000,
  }, async () => {
    const { slow, peak } = await crowdedTestbed(NARROW_BYTES);
    const { testbed } = slow;
    expect(peak()).toBeLessThanOrEqual(NARROW_BYTES);
    expect(peak()).toBeGreaterThan(NARROW_BYTES - 2 * LARGE_BYTES);
    slow.makeQuick();
    testbed.restoreHub();
    await testbed.expectNothingLost();
    expect(slow.partings).toEqual([]);
    expect(peak()).toBeLessThanOrEqual(NARROW_BYTES);
  });

  it('negative control: exceeds that limit in RAM without the check', { timeout: 600_000 }, async () => {
    const { peak } = await crowdedTestbed(1024 * NARROW_BYTES);
    expect(peak()).toBeGreaterThan(NARROW_BYTES);
  });
});

/**
 * All links send large messages as fast as they can while a commit runs, until one has to wait or all are sent once.
 */
async function crowdedTestbed(bytesMax: number): Promise<{ slow: SlowCardTestbed; peak: () => number }> {
  const slow = await openSlowCardTestbed({ program: NARROW });
  const { testbed } = slow;
  writeFileSync(join(testbed.folder, 'unstored-bytes-max'), String(bytesMax));
  await startBusy(testbed);
  await testbed.loseHub();
  slow.makeSlow();
  for (const subdevice of testbed.subdevices)
    for (let left = MESSAGES; left > 0; left -= 1) subdevice.publish('t', { bytes: LARGE_BYTES });
  const seen = (what: string): number[] =>
    [...testbed.gateway.journal.matchAll(new RegExp(`${what} (\\d+)`, 'g'))].map(([, count]) => Number(count));
  const peak = (): number => Math.max(0, ...seen('unstored bytes'));
  await until(() => seen('congestion').length > 0 || peak() > NARROW_BYTES);
  return { slow, peak };
}

/** Every subdevice has sent a message: topics are registered. */
async function startBusy(testbed: Testbed): Promise<void> {
  await testbed.start();
  testbed.publish(1);
  await testbed.untilIdle();
}

function hubPartings({ events }: Testbed): number {
  return events.filter(({ kind }) => kind === 'disconnected').length;
}
