/** The gateway without traffic, and the command line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../load/until.ts';
import { cpuUs } from '../process-cost.ts';
import type { Figure } from '../report/figure.ts';
import { spreadOf } from '../report/result.ts';
import { openHoldfast } from '../subjects/holdfast.ts';
import { ofEachProgram } from '../subjects/programs.ts';
import { Measurement } from '../subjects/relay.ts';
import { warmCache } from '../warm-cache.ts';
import type { BenchCase, RunSettings } from './bench-case.ts';

const LINKS = 8;
const SETTLE_MS = 3000;
const IDLE_SECONDS_MIN = 10;
const CALLS = 5;
const MIB = 1024 * 1024;

async function idle(settings: RunSettings): Promise<readonly Figure[]> {
  return await ofEachProgram(settings, async ({ main }) => await idleOf(main, settings));
}

async function idleOf(program: string, settings: RunSettings): Promise<readonly Figure[]> {
  const { stateRoot, cacheFolder, seconds, isQuick } = settings;
  await warmCache(stateRoot, cacheFolder, program);
  const holdfast = await openHoldfast({ stateRoot, cacheFolder, links: LINKS, program });
  try {
    await pause(isQuick ? 0 : SETTLE_MS);
    const measurement = await Measurement.start(holdfast);
    await pause(isQuick ? seconds * 1000 : Math.max(seconds, IDLE_SECONDS_MIN) * 1000);
    const { cost, seconds: took } = await measurement.end(0);
    return [
      { name: 'RSS', unit: 'MiB', better: 'less', value: cost.rssBytes / MIB },
      { name: 'CPU of one core', unit: '%', better: 'less', value: (cpuUs(cost) / took) * 1e-4 },
      { name: 'wake-ups', unit: '/s', better: 'less', value: cost.wakeUps / took },
      { name: 'device bytes', unit: 'B/s', better: 'less', value: cost.deviceBytes / took },
      { name: 'read and write calls', unit: '/s', better: 'less', value: (cost.reads + cost.writes) / took },
    ];
  } finally {
    await holdfast.close();
  }
}

async function commandLine(settings: RunSettings): Promise<readonly Figure[]> {
  const calls = settings.isQuick ? 1 : CALLS;
  const alone = Array.from({ length: calls }, () => millisecondsOf(process.execPath, ['-e', '0']));
  return [
    ...(await ofEachProgram(settings, async ({ script }) => await commandLineOf(script, settings))),
    { name: '`node -e 0`', unit: 'ms', value: spreadOf(alone).median },
  ];
}

async function commandLineOf(
  script: string,
  { stateRoot, cacheFolder, isQuick }: RunSettings,
): Promise<readonly Figure[]> {
  const holdfast = await openHoldfast({ stateRoot, cacheFolder, links: LINKS });
  const cacheRoot = mkdtempSync(join(stateRoot, 'holdfast-bench-cache-'));
  const calls = isQuick ? 1 : CALLS;
  try {
    const status = (cache: string): number =>
      millisecondsOf(script, ['status', '--socket', holdfast.socketPath], {
        NODE_COMPILE_CACHE: join(cacheRoot, cache),
      });
    const cold = Array.from({ length: calls }, (_, call) => status(`cold-${call}`));
    status('warm');
    const warm = Array.from({ length: calls }, () => status('warm'));
    return [
      { name: '`holdfast status`, no compile cache', unit: 'ms', better: 'less', value: spreadOf(cold).median },
      { name: '`holdfast status`, warm', unit: 'ms', better: 'less', value: spreadOf(warm).median },
    ];
  } finally {
    await holdfast.close();
    rmSync(cacheRoot, { recursive: true, force: true });
  }
}

/** @throws if the program fails */
export function millisecondsOf(
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(program, [...words], { env: { ...process.env, ...env }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - startedMs;
}

export const smallCases: readonly BenchCase[] = [
  {
    name: 'idle',
    about: '8 connected links without traffic, the hub near; checkout and package',
    subjects: ['holdfast'],
    run: idle,
  },
  {
    name: 'cli',
    about: '`holdfast status` beside a gateway with 8 links; checkout and package',
    subjects: ['holdfast'],
    run: commandLine,
  },
];
