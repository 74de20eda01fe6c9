/** The account of the session against the bench hub, whose store really overflows: what it says is what happened. */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayEvents } from '../../src/base/events.ts';
import { IS_LONG_RUN } from '../long-run.ts';
import { overlookGaps } from './sabotage.ts';
import { drawScenario, HOUR_MS } from './scenario.ts';
import { live } from './simulate.ts';

/** One absence of so many hours, with a downlink every 20 s to 3 subdevices; the luck of the hub's switches by seed. */
async function absence(seed: number, hours: number, sabotage: (gateway: Gateway) => void = () => undefined) {
  const { hub, ...calm } = drawScenario({ seed, hours: hours + 1, trouble: 0, subdevices: 3 });
  const away = { kind: 'hubAway', atMs: 0.25 * HOUR_MS, ms: hours * HOUR_MS, dice: 0 } as const;
  const gaps: string[] = [];
  const replays: number[] = [];
  const outcome = await live(
    { ...calm, hub: { ...hub, sessionHoursMax: 24 }, downlinkEveryMs: 20_000, troubles: [away] },
    {
      patch: (gateway) => {
        sabotage(gateway);
        const { parts } = gateway;
        const onGap: GatewayEvents['possibleGap'] = ({ reason }) => gaps.push(reason);
        const onReplay: GatewayEvents['replayDone'] = ({ received }) => replays.push(received);
        parts.facts.on('possibleGap', onGap);
        parts.facts.on('replayDone', onReplay);
      },
    },
  );
  return { gaps, replays, problems: outcome.problems };
}

describe.each(IS_LONG_RUN ? [1, 2, 3, 4] : [1])('after an absence (seed %i)', (seed) => {
  it('of a quarter of an hour what was stored is counted, and nothing is missing', async () => {
    const { gaps, replays, problems } = await absence(seed, 0.25);
    expect([gaps, problems]).toEqual([[], []]);
    expect(replays).toHaveLength(1);
    // 15 min, one in 20 s: 45 in the mean, and a few live ones while they came
    expect(replays[0]).toBeGreaterThan(20);
    expect(replays[0]).toBeLessThan(80);
  });

  it('of three hours the hub’s store was full, and that is said', async () => {
    const { gaps, replays, problems } = await absence(seed, 3);
    expect([gaps, replays, problems]).toEqual([['the hub’s store was full'], [150], []]);
  });
});

it('of more than a day the session has ended, and that is said', async () => {
  // what was stored has gone with it: the books of the world miss that, and the gap says so
  expect((await absence(1, 25)).gaps).toEqual(['session lost']);
});

it.each([3, 25])('of %i hours nothing is said by a gateway that keeps no account', async (hours) => {
  expect((await absence(1, hours, overlookGaps)).gaps).toEqual([]);
});
