/** A hub that repeats unacknowledged messages within the connection: each is delivered once. */
import { expect, it } from 'vitest';
import { IS_LONG_RUN } from '../long-run.ts';
import { HandWire, subscription, textsOf } from './hand-wire.ts';
import { overlookDup } from './sabotage.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import { live } from './simulate.ts';
import type { Sabotage } from './world.ts';

const TEXTS = ['one', 'two', 'three'];
/** Pause between two copies of a message. A commit takes five times as long. */
const RETRANSMIT_MS = 400;
const COMMIT_MS = 2000;

/** Lets messages arrive while the subdevice is away. @returns messages that it gets when it returns */
async function receive(sabotage?: Sabotage): Promise<{ wire: HandWire; texts: readonly string[] }> {
  const wire = await HandWire.open(sabotage, { retransmitMs: RETRANSMIT_MS });
  await wire.connect();
  await wire.send([subscription('cmd/set'), { kind: 'disconnect', durationS: undefined }]);
  wire.world.store.commitMs = COMMIT_MS;
  for (const text of TEXTS) wire.hubSends('cmd/set', text);
  await wire.pass(20_000);
  wire.world.store.repair();
  wire.isAcknowledging = true;
  return { wire, texts: textsOf([...(await wire.connect()), ...(await wire.send([], 20_000))]) };
}

it('a message that is repeated during its commit is delivered once and acknowledged once', async () => {
  const { wire, texts } = await receive();
  expect([texts, wire.world.complaints]).toEqual([TEXTS, []]);
  expect(wire.world.hub.unacknowledged(wire.world.clientId)).toBe(0);
});

it('negative control: a gateway that ignores DUP delivers the same message several times', async () => {
  const { texts } = await receive({ patch: overlookDup });
  expect(texts.length).toBeGreaterThan(2 * TEXTS.length);
});

/** Worlds with many troubles, with commits of 2 s, and a hub that repeats messages after 1 s. */
function roughWorld(seed: number): Scenario {
  const scenario = drawScenario({ seed, hours: 1, trouble: 12, subdevices: 3 });
  const slow = { kind: 'slowCard', ms: 10 * 60_000, draw: 0 } as const;
  const troubles = [10, 40].map((minute) => ({ ...slow, atMs: minute * 60_000 }));
  const hub = { ...scenario.hub, retransmitMs: 1000, resentAs: 'duplicates' } as const;
  return { ...scenario, hub, troubles: [...scenario.troubles, ...troubles] };
}

it.each(IS_LONG_RUN ? [1, 2, 3, 4, 5, 6] : [1, 2])(
  'with many troubles nothing is lost or delivered twice (seed %i)',
  async (seed) => {
    const { problems, timeline } = await live(roughWorld(seed));
    expect(problems, timeline.join('\n')).toEqual([]);
  },
);

it('negative control: such a world complains about a gateway that ignores DUP', async () => {
  const { problems } = await live(roughWorld(1), { patch: overlookDup });
  expect(problems[0]).toMatch(/arrived twice|MQTT-4\.6\.0-2/);
});
