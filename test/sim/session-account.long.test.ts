/** Reports about the session, compared with a bench hub whose store overflows. */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayEvents } from '../../src/base/events.ts';
import { overlookGaps } from './sabotage.ts';
import { drawScenario, HOUR_MS } from './scenario.ts';
import { live } from './simulate.ts';

/** Runs an absence of `hours` with a downlink every 20 s to 3 subdevices. The seed draws the rules of the hub. */
async function absence(seed: number, hours: number, sabotage: (gateway: Gateway) => void = () => undefined) {
  const { hub, ...plain } = drawScenario({ seed, hours: hours + 1, trouble: 0, subdevices: 3 });
  const away = { kind: 'hubAway', atMs: 0.25 * HOUR_MS, ms: hours * HOUR_MS, draw: 0 } as const;
  const gaps: string[] = [];
  const replays: number[] = [];
  const outcome = await live(
    { ...plain, hub: { ...hub, sessionHoursMax: 24 }, downlinkEveryMs: 20_000, troubles: [away] },
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

describe.each([1, 2, 3, 4])('after an absence (seed %i)', (seed) => {
  it('of a quarter of an hour stored messages are counted, and none is missing', async () => {
    const { gaps, replays, problems } = await absence(seed, 0.25);
    expect([gaps, problems]).toEqual([[], []]);
    expect(replays).toHaveLength(1);
    // 15 min, one in 20 s: 45 on average, and a few live ones during the replay
    expect(replays[0]).toBeGreaterThan(20);
    expect(replays[0]).toBeLessThan(80);
  });

  it('of three hours the full store of the hub is reported', async () => {
    const { gaps, replays, problems } = await absence(seed, 3);
    expect([gaps, replays, problems]).toEqual([['the hub’s store was full'], [150], []]);
  });
});

it('an absence of more than a day is reported as a lost session', async () => {
  // the stored messages are lost with the session: the world reports them as missing, and the gateway reports a gap
  expect((await absence(1, 25)).gaps).toEqual(['session lost']);
});

it.each([3, 25])(
  'negative control: an absence of %i hours is not reported by a gateway that ignores gaps',
  async (hours) => {
    expect((await absence(1, hours, overlookGaps)).gaps).toEqual([]);
  },
);
