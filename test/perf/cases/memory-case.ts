/** Settings of Node, V8 and the C library for small machines: memory against CPU time. On request. */
import { pause } from '../load/until.ts';
import { readCost } from '../process-cost.ts';
import type { Figure } from '../report/figure.ts';
import { expectNothingLost } from '../subjects/relay.ts';
import { type BenchCase, openRelay, type RunSettings } from './bench-case.ts';
import { measureFlow } from './flow-cases.ts';
import { within } from './link-cases.ts';

const LINKS = 8;
const WINDOW = 16;
const SETTLE_MS = 3000;
const MIB = 1024 * 1024;
const KEPT = ['messages', 'CPU', 'RSS, peak'];

/** `NODE_OPTIONS` and other variables. The first variant has the environment of the unit unchanged. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'as in the unit': {},
  'no settings': { NODE_OPTIONS: '' },
  'semi-space 2': { NODE_OPTIONS: '--max-semi-space-size=2' },
  'semi-space 2, old space 192': { NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=192' },
  'semi-space 8, old space 160': { NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=160' },
  'semi-space 16, old space 256': { NODE_OPTIONS: '--max-semi-space-size=16 --max-old-space-size=256' },
  'one arena': { NODE_OPTIONS: '', MALLOC_ARENA_MAX: '1' },
  'one V8 thread': { NODE_OPTIONS: '--v8-pool-size=1' },
  'four pool threads': { NODE_OPTIONS: '', UV_THREADPOOL_SIZE: '4' },
};

async function memory(settings: RunSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const variants = Object.entries(VARIANTS).slice(0, settings.isQuick ? 1 : undefined);
  for (const [name, env] of variants) figures.push(...(await measureVariant(settings, name, env)));
  return figures;
}

async function measureVariant(
  settings: RunSettings,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<Figure[]> {
  const relay = await openRelay('holdfast', settings, { links: LINKS, env });
  try {
    await pause(settings.isQuick ? 0 : SETTLE_MS);
    const idle = readCost(relay.pid).rssBytes / MIB;
    await relay.load.send(settings.warmUp, { window: WINDOW });
    const near = await measureFlow(relay, settings, { window: WINDOW });
    await relay.load.pause();
    await relay.hub.close();
    const away = await measureFlow(relay, settings, { window: WINDOW });
    await relay.hub.open();
    await expectNothingLost(relay);
    return [
      { name: `${name}, idle: RSS`, unit: 'MiB', better: 'less', value: idle },
      ...within(`${name}, near`, near, KEPT),
      ...within(`${name}, away`, away, KEPT),
    ];
  } finally {
    await relay.close();
  }
}

export const memoryCase: BenchCase = {
  name: 'memory',
  about: 'settings for small machines: memory and CPU time with each',
  subjects: ['holdfast'],
  isOnRequest: true,
  run: memory,
};
