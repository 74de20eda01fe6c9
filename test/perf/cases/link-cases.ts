/** Links: how much one carries, what each costs, and how much a busy one delays a quiet one. */
import { BITS_PER_OCTET } from '../load/line-clock.ts';
import type { LinkMemory } from '../load/link-memory.ts';
import type { Flow } from '../load/load.ts';
import { pause } from '../load/until.ts';
import type { Figure } from '../report/figure.ts';
import { expectNothingLost, type Relay } from '../subjects/relay.ts';
import { type BenchCase, openRelay, type RunSettings } from './bench-case.ts';
import { measureFlow } from './flow-cases.ts';

const WINDOW = 16;
const WINDOWS = [1, 4, 16];
const LINK_COUNTS = [1, 8, 32, 64];
const LINK_COUNTS_QUICK = [1, 8];
const QUIET: Flow = { window: 1, perS: 100 };
const BAUD_RATES = [115_200, 921_600];
const KEPT = ['messages', 'CPU', 'PUBLISH to PUBACK, median', 'PUBLISH to PUBACK, p99', 'device bytes'];

/** Figures of one part of a case, with its name in front. */
export function within(part: string, figures: readonly Figure[], kept: readonly string[] = KEPT): Figure[] {
  return figures
    .filter(({ name }) => kept.includes(name))
    .map((figure) => ({ ...figure, name: `${part}: ${figure.name}` }));
}

async function windows(settings: RunSettings): Promise<readonly Figure[]> {
  const relay = await openRelay('holdfast', settings, { links: 1 });
  const figures: Figure[] = [];
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    for (const hub of ['near', 'away']) {
      if (hub === 'away') await relay.hub.close();
      for (const window of WINDOWS) {
        figures.push(...within(`${hub}, window ${window}`, await measureFlow(relay, settings, { window })));
        await relay.load.pause();
      }
    }
    await relay.hub.open();
    await expectNothingLost(relay);
    return figures;
  } finally {
    await relay.close();
  }
}

async function linkCounts(settings: RunSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const links of settings.isQuick ? LINK_COUNTS_QUICK : LINK_COUNTS) {
    const relay = await openRelay('holdfast', settings, { links });
    try {
      await relay.load.send(settings.warmUp, { window: WINDOW });
      const flow = await measureFlow(relay, settings, { window: WINDOW });
      figures.push(...within(`${links} ${links === 1 ? 'link' : 'links'}`, flow, [...KEPT, 'RSS, peak']));
      await expectNothingLost(relay);
    } finally {
      await relay.close();
    }
  }
  return figures;
}

async function quietLink(settings: RunSettings): Promise<readonly Figure[]> {
  const relay = await openRelay('holdfast', settings, { links: 8 });
  const [quiet, ...others] = relay.load.links;
  if (quiet === undefined) throw new Error('no quiet link');
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    const p99s: Figure[] = [];
    for (const count of [0, 1, others.length])
      p99s.push(await quietBeside(relay, settings, quiet, others.slice(0, count)));
    await expectNothingLost(relay);
    const alone = p99s[0]?.value ?? Number.NaN;
    const ratios = p99s.slice(1).map(({ name, value }): Figure => {
      return { name: `${name} ÷ alone`, unit: '', better: 'less', value: value / alone };
    });
    return [...p99s, ...ratios];
  } finally {
    await relay.close();
  }
}

async function quietBeside(
  { load }: Relay,
  { seconds }: RunSettings,
  quiet: LinkMemory,
  floods: readonly LinkMemory[],
): Promise<Figure> {
  await load.pause();
  load.flow({ window: WINDOW }, floods);
  load.flow(QUIET, [quiet]);
  load.forgetLatencies();
  await pause(seconds * 1000);
  const words = floods.length === 0 ? 'alone' : `beside ${floods.length} at full speed`;
  return { name: `${words}: p99`, unit: 'ms', better: 'less', value: load.latencyMs(0.99, [quiet]) };
}

async function lineRates(settings: RunSettings): Promise<readonly Figure[]> {
  const relay = await openRelay('holdfast', settings, { links: 1 });
  const [link] = relay.load.links;
  if (link === undefined) throw new Error('no link');
  const figures: Figure[] = [];
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    for (const hub of ['near', 'away']) {
      if (hub === 'away') await relay.hub.close();
      for (const baudRate of BAUD_RATES)
        for (const window of WINDOWS) {
          link.set('baudRate', baudRate);
          const before = link.get('bytesWritten');
          const flow = await measureFlow(relay, settings, { window });
          const share = ((link.get('bytesWritten') - before) * BITS_PER_OCTET) / baudRate / settings.seconds;
          const part = `${hub}, ${baudRate} baud, window ${window}`;
          figures.push(...within(part, flow, ['messages']));
          figures.push({ name: `${part}: share of the line`, unit: '%', better: 'more', value: share * 100 });
          await relay.load.pause();
        }
    }
    link.set('baudRate', 0);
    await relay.hub.open();
    await expectNothingLost(relay);
    return figures;
  } finally {
    await relay.close();
  }
}

export const linkCases: readonly BenchCase[] = [
  {
    name: 'window',
    about: 'one link with 1, 4 and 16 unanswered messages, the hub near and away',
    subjects: ['holdfast'],
    run: windows,
  },
  {
    name: 'links',
    about: '1, 8, 32 and 64 links at full speed, the hub near: cost of a link',
    subjects: ['holdfast'],
    run: linkCounts,
  },
  {
    name: 'quiet',
    about: 'one link with 100 messages per second alone, and beside 1 and 7 at full speed',
    subjects: ['holdfast'],
    run: quietLink,
  },
  {
    name: 'rate',
    about: 'one line of 115,200 and 921,600 baud: share of the line that is used',
    subjects: ['holdfast'],
    run: lineRates,
  },
];
