/** Drain of a backlog at the rate that a hub allows, while a subdevice without a backlog sends live messages. */
import { nowUs } from '../load/link-memory.ts';
import { pause, until } from '../load/until.ts';
import type { Figure } from '../report/figure.ts';
import { spreadOf } from '../report/result.ts';
import { expectNothingLost } from '../subjects/relay.ts';
import { type BenchCase, openRelay, type RunSettings } from './bench-case.ts';

/** Limit of the profile `intl`. */
const HUB_PER_S = 30;
const LIVE_PER_S = 5;
const LINKS = 8;

async function ceiling(settings: RunSettings): Promise<readonly Figure[]> {
  const { seconds } = settings;
  const relay = await openRelay('holdfast', settings, { links: LINKS, hub: { messages_per_s: HUB_PER_S } });
  const { load, hub } = relay;
  const [live, ...others] = load.links;
  if (live === undefined) throw new Error('no live link');
  const latenciesMs: number[] = [];
  try {
    await hub.close();
    const each = Math.ceil((HUB_PER_S * seconds) / others.length);
    load.flow({ window: 16 }, others);
    for (const other of others) other.set('limit', each);
    await load.until(() => load.sum('acknowledged') >= each * others.length);
    hub.onArrived = (link, number) => {
      if (link === 0) latenciesMs.push((nowUs() - live.sentAtUs(number)) / 1000);
    };
    await hub.open();
    await until(() => hub.connackAtUs > 0, 'the gateway is connected to the hub');
    load.flow({ window: 16, perS: LIVE_PER_S }, [live]);
    const before = hub.arrived;
    const startedMs = performance.now();
    await pause(seconds * 1000);
    const perS = ((hub.arrived - before) * 1000) / (performance.now() - startedMs);
    await expectNothingLost(relay);
    const { median, max } = spreadOf(latenciesMs);
    return [
      { name: 'messages at the hub', unit: '/s', better: 'more', value: perS },
      { name: 'live messages', unit: '', value: latenciesMs.length },
      { name: 'live, PUBLISH to the hub, median', unit: 'ms', better: 'less', value: median },
      { name: 'live, PUBLISH to the hub, longest', unit: 'ms', better: 'less', value: max },
    ];
  } finally {
    await relay.close();
  }
}

export const ceilingCase: BenchCase = {
  name: 'ceiling',
  about: 'a backlog drains at 30 messages per second, the limit of a hub, beside 5 live ones',
  subjects: ['holdfast'],
  run: ceiling,
};
