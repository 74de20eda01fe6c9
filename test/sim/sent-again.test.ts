/** A hub that sends again, within the connection, what is not acknowledged soon enough: it is delivered once all the same. */
import { expect, it } from 'vitest';
import { IS_LONG_RUN } from '../long-run.ts';
import { HandWire, subscription, textsOf } from './hand-wire.ts';
import { overlookDup } from './sabotage.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import { live } from './simulate.ts';
import type { Sabotage } from './world.ts';

const TEXTS = ['one', 'two', 'three'];
/** Each copy of a message comes so much after the last; a commit takes five times as long. */
const RETRANSMIT_MS = 400;
const COMMIT_MS = 2000;

/** The subdevice is away while the messages come, and comes back. @returns what it gets */
async function receive(sabotage?: Sabotage): Promise<{ wire: HandWire; texts: readonly string[] }> {
  const wire = await HandWire.open(sabotage, { retransmitMs: RETRANSMIT_MS });
  await wire.connect();
  await wire.say([subscription('cmd/set'), { kind: 'disconnect', durationS: undefined }]);
  wire.world.store.commitMs = COMMIT_MS;
  for (const text of TEXTS) wire.hubSends('cmd/set', text);
  await wire.pass(20_000);
  wire.world.store.heal();
  wire.isAcknowledging = true;
  return { wire, texts: textsOf([...(await wire.connect()), ...(await wire.say([], 20_000))]) };
}

it('a message that comes again while it is being committed is delivered once, and acknowledged once', async () => {
  const { wire, texts } = await receive();
  expect([texts, wire.world.complaints]).toEqual([TEXTS, []]);
  expect(wire.world.hub.unacknowledged(wire.world.clientId)).toBe(0);
});

it('the same message is delivered again and again by a gateway that overlooks DUP', async () => {
  const { texts } = await receive({ patch: overlookDup });
  expect(texts.length).toBeGreaterThan(2 * TEXTS.length);
});

/** Worlds full of trouble, with cards that take 2 s, and a hub that waits for half of that. */
function roughWorld(seed: number): Scenario {
  const scenario = drawScenario({ seed, hours: 1, trouble: 12, subdevices: 3 });
  const slow = { kind: 'slowCard', ms: 10 * 60_000, dice: 0 } as const;
  const troubles = [10, 40].map((minute) => ({ ...slow, atMs: minute * 60_000 }));
  const hub = { ...scenario.hub, retransmitMs: 1000, resentAs: 'duplicates' } as const;
  return { ...scenario, hub, troubles: [...scenario.troubles, ...troubles] };
}

it.each(IS_LONG_RUN ? [1, 2, 3, 4, 5, 6] : [1, 2])(
  'whatever else goes wrong, nothing is lost, and nothing comes twice (seed %i)',
  async (seed) => {
    const { problems, story } = await live(roughWorld(seed));
    expect(problems, story.join('\n')).toEqual([]);
  },
);

it('of a gateway that overlooks DUP such a world complains', async () => {
  const { problems } = await live(roughWorld(1), { patch: overlookDup });
  expect(problems[0]).toMatch(/arrived twice|MQTT-4\.6\.0-2/);
});
