/** Downlinks: the hub sends to 8 subdevices, awake and asleep. */
import { pause, until } from '../load/until.ts';
import type { Figure } from '../report/figure.ts';
import { type Holdfast, openHoldfast } from '../subjects/holdfast.ts';
import { costFigures, Measurement } from '../subjects/relay.ts';
import type { BenchCase, RunSettings } from './bench-case.ts';

const LINKS = 8;
const WINDOW = 16;
/** Downlinks of each subdevice. */
const SLEEPING = 100;
const SLEEPING_QUICK = 10;

/** The hub sends faster than the links carry; nothing is shed. */
const INBOX = { messages_max: 100_000, replay_interval_ms: 0 };

const TOPICS = Array.from({ length: LINKS }, (_, index) => `gw/s${index}/cmd`);

async function open({ stateRoot, cacheFolder }: RunSettings): Promise<Holdfast> {
  const protocol = (index: number) => ({ kind: 'mqttsn', clientId: `s${index}`, filter: 'cmd' }) as const;
  return await openHoldfast({ stateRoot, cacheFolder, links: LINKS, protocol, inbox: INBOX });
}

/** Waits until each message that the hub has sent is at its subdevice, once and in order. */
async function expectDelivered({ hub, load }: Holdfast): Promise<void> {
  hub.stopDownlinks();
  await until(() => hub.downlinksAcknowledged === hub.downlinksSent && load.sum('received') >= hub.downlinksSent);
  const disordered = load.sum('disordered');
  if (disordered > 0) throw new Error(`${disordered} downlinks are out of order or lost`);
}

async function downlinks(settings: RunSettings): Promise<readonly Figure[]> {
  const holdfast = await open(settings);
  const { hub, load } = holdfast;
  try {
    hub.sendDownlinks(TOPICS, { window: WINDOW, limit: settings.warmUp });
    await load.until(() => load.sum('received') >= settings.warmUp * LINKS);
    hub.sendDownlinks(TOPICS, { window: WINDOW, limit: Number.MAX_SAFE_INTEGER });
    const before = load.sum('received');
    const measurement = await Measurement.start(holdfast);
    await pause(settings.seconds * 1000);
    const figures = costFigures(await measurement.end(load.sum('received') - before));
    await expectDelivered(holdfast);
    return figures;
  } finally {
    await holdfast.close();
  }
}

async function sleeping(settings: RunSettings): Promise<readonly Figure[]> {
  const holdfast = await open(settings);
  const { hub, load } = holdfast;
  const each = settings.isQuick ? SLEEPING_QUICK : SLEEPING;
  try {
    hub.sendDownlinks(TOPICS, { window: WINDOW, limit: settings.warmUp });
    await load.until(() => load.sum('received') >= settings.warmUp * LINKS);
    load.command('sleep');
    await pause(100);
    const stored = hub.downlinksAcknowledged;
    const storing = await Measurement.start(holdfast);
    hub.sendDownlinks(TOPICS, { window: WINDOW, limit: each });
    await until(() => hub.downlinksAcknowledged >= stored + each * LINKS, 'downlinks for sleeping subdevices stored');
    const storingCost = await storing.end(each * LINKS);
    const waking = await Measurement.start(holdfast);
    load.command('wake');
    await until(() => load.sum('wakings') >= LINKS, 'all subdevices are asleep again');
    const wakingCost = await waking.end(each * LINKS);
    await expectDelivered(holdfast);
    return [
      { name: 'stored: messages', unit: '/s', better: 'more', value: (each * LINKS) / storingCost.seconds },
      { name: 'waking: messages', unit: '/s', better: 'more', value: (each * LINKS) / wakingCost.seconds },
      { name: `waking: time for ${each} each`, unit: 'ms', better: 'less', value: wakingCost.seconds * 1000 },
    ];
  } finally {
    await holdfast.close();
  }
}

export const downlinkCases: readonly BenchCase[] = [
  {
    name: 'downlink',
    about: 'the hub sends to 8 subdevices, 16 messages each without PUBACK',
    subjects: ['holdfast'],
    run: downlinks,
  },
  {
    name: 'sleeping',
    about: '8 sleeping subdevices: downlinks are stored, then delivered in one waking',
    subjects: ['holdfast'],
    run: sleeping,
  },
];
