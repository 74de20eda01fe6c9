/** A card that takes two seconds for each commit, under eight busy links and without the hub. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { openHouse } from './house.ts';
import { COMPILED_ONCE } from './program.ts';
import { until } from './until.ts';

const COMMIT_MS = 2000;
const LINKS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** Of the whole process; the unit allows 256 MB. */
const RSS_BYTES_MAX = 256 * 1024 * 1024;

function whyNoCompiler(): string | undefined {
  try {
    execFileSync('cc', ['--version'], { stdio: 'pipe' });
    return undefined;
  } catch {
    console.warn('skipped: there is no C compiler here to build the slow card with');
    return 'no compiler';
  }
}

function buildShim(): string {
  const folder = mkdtempSync('/var/tmp/holdfast-shim-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, 'slow-fsync.so');
  const source = fileURLToPath(new URL('./slow-fsync.c', import.meta.url));
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
  return library;
}

describe.skipIf(whyNoCompiler() !== undefined)('a card that takes two seconds for a commit', () => {
  it('costs no link, no keep-alive and no message, and memory stays bounded', { timeout: 120_000 }, async () => {
    const plan = { keepAliveMs: 2000, window: 8 };
    const house = await openHouse({ subdevices: Object.fromEntries(LINKS.map((id) => [id, plan])) });
    const slow = new GatewayProcess({
      configPath: house.configPath,
      socketPath: house.socketPath,
      env: {
        ...COMPILED_ONCE,
        LD_PRELOAD: buildShim(),
        SLOW_FSYNC_MS: String(COMMIT_MS),
        SLOW_FSYNC_FROM: join(house.folder, 'slow'),
      },
    });
    onTestFinished(() => void slow.signal('SIGKILL'));
    await slow.start();
    for (const subdevice of house.subdevices) house.enter(subdevice);
    await until(() => house.session?.subscriptions.length === LINKS.length);
    await house.loseHub();
    writeFileSync(join(house.folder, 'slow'), '');
    const startedAtMs = performance.now();
    house.publish(24);
    await house.untilAcknowledged();
    // the shim was really there: three windows of eight, one commit each at the least
    expect(performance.now() - startedAtMs).toBeGreaterThan(2 * COMMIT_MS);
    const status = await slow.status();
    expect(status.links.map(({ state, counters }) => [state, counters.openings])).toEqual(LINKS.map(() => ['open', 1]));
    expect(slow.journal).not.toMatch(/ left link-| is down/);
    expect(status.process.rssBytes).toBeLessThan(RSS_BYTES_MAX);
    house.restoreHub();
    await until(async () => (await slow.ledger()).totals.uplink.pending === 0);
    expect(house.uplinks).toMatchObject({ missing: 0, reordered: 0, delivered: house.uplinks.sent });
  });
});
