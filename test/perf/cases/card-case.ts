/**
 * A card that needs 5, 50 or 500 ms more for each fsync of the store, by a preloaded library (`test/e2e/slow-fsync.c`).
 * Needs a C compiler.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../report/figure.ts';
import { expectNothingLost } from '../subjects/relay.ts';
import { type BenchCase, openRelay, type RunSettings } from './bench-case.ts';
import { measureFlow } from './flow-cases.ts';
import { within } from './link-cases.ts';

const SOURCE = fileURLToPath(new URL('../../e2e/slow-fsync.c', import.meta.url));
const LINKS = 8;
const WINDOW = 16;
const DELAYS_MS = [5, 50, 500];
const KEPT = ['messages', 'messages per commit', 'PUBLISH to PUBACK, median', 'PUBLISH to PUBACK, p99'];

async function slowCard(settings: RunSettings): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(settings.stateRoot, 'holdfast-bench-card-'));
  try {
    const library = join(folder, 'slow-fsync.so');
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
    } catch {
      settings.remark('skipped: needs a C compiler (Debian: gcc, libc6-dev)');
      return [];
    }
    const figures: Figure[] = [];
    for (const ms of settings.isQuick ? DELAYS_MS.slice(0, 1) : DELAYS_MS)
      figures.push(...(await cardOf(ms, settings, { folder, library })));
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function cardOf(
  ms: number,
  settings: RunSettings,
  { folder, library }: { readonly folder: string; readonly library: string },
): Promise<Figure[]> {
  const switchPath = join(folder, `slow-${ms}`);
  const env = { LD_PRELOAD: library, SLOW_FSYNC_MS: String(ms), SLOW_FSYNC_FROM: switchPath };
  const relay = await openRelay('holdfast', settings, { links: LINKS, env });
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    writeFileSync(switchPath, '');
    const near = await measureFlow(relay, settings, { window: WINDOW });
    await relay.load.pause();
    await relay.hub.close();
    const away = await measureFlow(relay, settings, { window: WINDOW });
    await relay.load.pause();
    await relay.hub.open();
    await expectNothingLost(relay);
    return [...within(`${ms} ms, near`, near, KEPT), ...within(`${ms} ms, away`, away, KEPT)];
  } finally {
    await relay.close();
  }
}

export const cardCase: BenchCase = {
  name: 'card',
  about: '8 links at full speed on a card that needs 5, 50 and 500 ms more for each fsync',
  subjects: ['holdfast'],
  run: slowCard,
};
