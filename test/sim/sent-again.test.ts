/** A hub that sends again, within the connection, what is not acknowledged soon enough: it is delivered once all the same. */
import { expect, it } from 'vitest';
import { HandWire, subscription, textsOf } from './hand-wire.ts';
import { overlookDup } from './planted.ts';
import type { Plant } from './world.ts';

const TEXTS = ['one', 'two', 'three'];
/** Each copy of a message comes so much after the last; a commit takes five times as long. */
const RETRANSMIT_MS = 400;
const COMMIT_MS = 2000;

/** The subdevice is away while the messages come, and comes back. @returns what it gets */
async function receive(plant?: Plant): Promise<{ wire: HandWire; texts: readonly string[] }> {
  const wire = await HandWire.open(plant, { retransmitMs: RETRANSMIT_MS });
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
  expect(wire.world.hub.owed(wire.world.clientId)).toBe(0);
});

it('the same message is delivered again and again by a gateway that overlooks DUP', async () => {
  const { texts } = await receive({ patch: overlookDup });
  expect(texts.length).toBeGreaterThan(2 * TEXTS.length);
});
