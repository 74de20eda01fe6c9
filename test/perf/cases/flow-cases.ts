/** Uplinks at full speed and at a slow pace, with the hub near and away, and the drain of what has gathered. */
import { pause, until } from '../load/until.ts';
import type { Figure } from '../report/figure.ts';
import { costFigures, expectNothingLost, latencyFigures, Measurement, type Relay } from '../subjects/relay.ts';
import { type BenchCase, openRelay, type RunSettings, type Subject } from './bench-case.ts';

const LINKS = 8;
const WINDOW = 16;
/** Messages of each link in the backlog that is drained, for each message of the warm-up: 40,000 in all by default. */
const BACKLOG_SHARE = 5 / 3;
const SLOW_PER_S = 20;

const EVERYONE: readonly Subject[] = ['holdfast', 'bare', 'mosquitto'];

/** Sends for the time of a measurement. */
export async function measureFlow(
  relay: Relay,
  { seconds }: RunSettings,
  flow: { readonly window: number; readonly perS?: number },
): Promise<Figure[]> {
  relay.load.flow(flow);
  const before = relay.load.sum('acknowledged');
  const measurement = await Measurement.start(relay);
  await pause(seconds * 1000);
  const cost = await measurement.end(relay.load.sum('acknowledged') - before);
  return [...costFigures(cost), ...latencyFigures(relay.load)];
}

async function near(settings: RunSettings, subject: Subject): Promise<readonly Figure[]> {
  const relay = await openRelay(subject, settings, { links: LINKS });
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    const figures = await measureFlow(relay, settings, { window: WINDOW });
    await expectNothingLost(relay);
    return figures;
  } finally {
    await relay.close();
  }
}

async function away(
  settings: RunSettings,
  subject: Subject,
  flow: { readonly window: number; readonly perS?: number },
): Promise<readonly Figure[]> {
  const relay = await openRelay(subject, settings, { links: LINKS });
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    await relay.hub.close();
    await relay.load.send(settings.warmUp, { window: WINDOW });
    await relay.load.pause();
    const figures = await measureFlow(relay, settings, flow);
    await relay.load.pause();
    await relay.hub.open();
    await expectNothingLost(relay);
    return figures;
  } finally {
    await relay.close();
  }
}

async function drain(settings: RunSettings, subject: Subject): Promise<readonly Figure[]> {
  const relay = await openRelay(subject, settings, { links: LINKS });
  try {
    await relay.load.send(settings.warmUp, { window: WINDOW });
    await relay.hub.close();
    await relay.load.send(Math.ceil(settings.warmUp * BACKLOG_SHARE), { window: WINDOW });
    await relay.load.pause();
    const { hub } = relay;
    const before = hub.arrived;
    const backlog = relay.load.sum('sent') - before;
    await hub.open();
    const measurement = await Measurement.start(relay);
    await until(() => hub.connackAtUs > 0, 'the gateway is connected to the hub');
    const waitedS = measurement.seconds;
    await until(() => hub.firstPublishAtUs > 0, 'the first message of the backlog');
    const firstMs = (hub.firstPublishAtUs - hub.connackAtUs) / 1000;
    await until(() => hub.arrived >= before + backlog, 'the last message of the backlog');
    const cost = await measurement.end(backlog);
    await expectNothingLost(relay);
    return [
      { name: 'CONNACK to first message', unit: 'ms', better: 'less', value: firstMs },
      ...costFigures({ ...cost, seconds: cost.seconds - waitedS }),
    ];
  } finally {
    await relay.close();
  }
}

export const flowCases: readonly BenchCase[] = [
  {
    name: 'near',
    about: '8 links, window 16, the hub is connected: messages at full speed',
    subjects: EVERYONE,
    run: near,
  },
  {
    name: 'away',
    about: '8 links, window 16, the hub is away: every message is stored before its PUBACK',
    subjects: EVERYONE,
    run: (settings, subject) => away(settings, subject, { window: WINDOW }),
  },
  {
    name: 'away-slow',
    about: '8 links with 20 messages per second in all, the hub is away: wear at a usual rate',
    subjects: ['holdfast', 'bare'],
    run: (settings, subject) => away(settings, subject, { window: 1, perS: SLOW_PER_S / LINKS }),
  },
  {
    name: 'drain',
    about: 'the hub comes back after 40,000 messages (--pi: 6,700): time to the first, rate to the last',
    subjects: EVERYONE,
    run: drain,
  },
];
