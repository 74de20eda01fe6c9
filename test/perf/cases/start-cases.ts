/** Starts: time until a waiting subdevice has its first PUBACK, with and without a compile cache and a backlog. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pause, until } from '../load/until.ts';
import { cpuUs, readCost } from '../process-cost.ts';
import type { Figure } from '../report/figure.ts';
import { fillStore } from '../subjects/fill-store.ts';
import { type Holdfast, openHoldfast } from '../subjects/holdfast.ts';
import { ofEachProgram } from '../subjects/programs.ts';
import { expectNothingLost } from '../subjects/relay.ts';
import type { BenchCase, RunSettings } from './bench-case.ts';
import { measureFlow } from './flow-cases.ts';
import { within } from './link-cases.ts';

const LINKS = 8;
/**
 * Subdevices that ask often, so that the start is measured and not their pause. The gateway may drop a message that follows
 * one of several CONNECTs, so messages are repeated too.
 */
const GREET_EVERY_MS = 10;
const REPEAT_EVERY_MS = 20;
const BACKLOGS = [0, 1000, 100_000];
const BACKLOGS_QUICK = [0, 1000];
const LARGEST_BACKLOG = 1_000_000;
/** The gateway writes its compile cache 5 s after its start, and when it is stopped in order. */
const CACHE_WRITTEN_MS = 7000;
const MIB = 1024 * 1024;

/** Starts the gateway. @returns ms from the start of the process to the first PUBACK */
async function startToPuback({ load, process }: Holdfast): Promise<number> {
  const [link] = load.links;
  if (link === undefined) throw new Error('no link');
  load.command('connect');
  await load.until(() => load.links.every((one) => one.get('command') === 0));
  const before = link.get('acknowledged');
  const usual = link.get('repeatMs');
  link.set('repeatMs', REPEAT_EVERY_MS);
  const startedMs = performance.now();
  process.spawn();
  load.flow({ window: 1 }, [link]);
  link.set('limit', link.get('sent') + 1);
  await load.until(() => link.get('acknowledged') > before);
  const ms = performance.now() - startedMs;
  link.set('repeatMs', usual);
  await process.ready();
  return ms;
}

async function start(settings: RunSettings): Promise<readonly Figure[]> {
  return await ofEachProgram(settings, async ({ main }) => await startOf(main, settings));
}

async function startOf(program: string, { stateRoot, isQuick }: RunSettings): Promise<readonly Figure[]> {
  const cacheFolder = mkdtempSync(join(stateRoot, 'holdfast-bench-cache-'));
  const greetEveryMs = GREET_EVERY_MS;
  const holdfast = await openHoldfast({ stateRoot, cacheFolder, links: 1, isStopped: true, greetEveryMs, program });
  try {
    const cold = await startToPuback(holdfast);
    if (!isQuick) await pause(CACHE_WRITTEN_MS);
    await holdfast.process.signal('SIGKILL');
    const afterKill = await startToPuback(holdfast);
    await holdfast.process.signal('SIGTERM');
    const warm = await startToPuback(holdfast);
    const cost = readCost(holdfast.pid);
    return [
      { name: 'cold: no compile cache', unit: 'ms', better: 'less', value: cold },
      { name: 'after a kill, never stopped in order', unit: 'ms', better: 'less', value: afterKill },
      { name: 'warm: after a stop in order', unit: 'ms', better: 'less', value: warm },
      { name: 'CPU of a warm start', unit: 'ms', better: 'less', value: cpuUs(cost) / 1000 },
      { name: 'RSS after a warm start', unit: 'MiB', better: 'less', value: cost.rssBytes / MIB },
    ];
  } finally {
    await holdfast.close();
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}

async function backlogs(settings: RunSettings): Promise<readonly Figure[]> {
  const { isQuick, isFull, remark } = settings;
  const sizes = isQuick ? BACKLOGS_QUICK : isFull ? [...BACKLOGS, LARGEST_BACKLOG] : BACKLOGS;
  if (!isFull) remark('a backlog of 1,000,000 runs with --full only');
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(...(await backlog(settings, size)));
  return figures;
}

async function backlog(settings: RunSettings, size: number): Promise<readonly Figure[]> {
  const each = size / LINKS;
  const holdfast = await openHoldfast({
    stateRoot: settings.stateRoot,
    cacheFolder: settings.cacheFolder,
    links: LINKS,
    isStopped: true,
    isHubAway: true,
    greetEveryMs: GREET_EVERY_MS,
    outbox: { messages_max: 10_000_000, bytes_max: 4_000_000_000 },
    prepare: (stateDir) => {
      if (each > 0) fillStore(stateDir, LINKS, each);
      return each;
    },
  });
  try {
    const { hub, load } = holdfast;
    const part = size.toLocaleString('en');
    const startMs = await startToPuback(holdfast);
    const rss = readCost(holdfast.pid).rssBytes / MIB;
    await load.untilConnected();
    await load.send(settings.warmUp, { window: 16 });
    const enqueue = await measureFlow(holdfast, settings, { window: 16 });
    await load.pause();
    const arrivedBefore = hub.arrived;
    await hub.open();
    await until(() => hub.connackAtUs > 0, 'the gateway is connected to the hub');
    const connackMs = performance.now();
    await until(() => hub.firstPublishAtUs > 0, 'the first message of the backlog');
    const firstMs = (hub.firstPublishAtUs - hub.connackAtUs) / 1000;
    await Promise.race([pause(settings.seconds * 1000), until(() => hub.arrived >= size + load.sum('sent'))]);
    const drained = ((hub.arrived - arrivedBefore) * 1000) / (performance.now() - connackMs);
    if (size < LARGEST_BACKLOG) await expectNothingLost(holdfast, each * LINKS);
    return [
      { name: `${part}: start to first PUBACK`, unit: 'ms', better: 'less', value: startMs },
      { name: `${part}: RSS after the start`, unit: 'MiB', better: 'less', value: rss },
      ...within(`${part}, stored`, enqueue, ['messages', 'RSS, peak']),
      { name: `${part}: CONNACK to first message`, unit: 'ms', better: 'less', value: firstMs },
      { name: `${part}, drained: messages`, unit: '/s', better: 'more', value: drained },
    ];
  } finally {
    await holdfast.close();
  }
}

export const startCases: readonly BenchCase[] = [
  {
    name: 'start',
    about: 'start of the process to the first PUBACK, the hub near: cold, after a kill, warm; checkout and package',
    subjects: ['holdfast'],
    run: start,
  },
  {
    name: 'backlog',
    about: 'backlog of 0 to 100,000 messages (--full: 1,000,000): start, memory, storing, drain',
    subjects: ['holdfast'],
    run: backlogs,
  },
];
