/** A downlink that was sent before a restart of the gateway: it is sent again with DUP and the same MsgId. */
import { expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, subscription } from './hand-wire.ts';

type Sent = readonly (readonly [text: string, dup: boolean, messageId: number])[];

function sentIn(packets: readonly Packet[]): Sent {
  return packets.flatMap((packet) =>
    packet.kind === 'publish'
      ? [[new TextDecoder().decode(packet.payload), packet.dup, packet.messageId] as const]
      : [],
  );
}

/** Publication that a subdevice with a short topic gets and does not acknowledge, before and after a restart. */
async function sentAroundRestart(sleeps: boolean): Promise<{ readonly before: Sent; readonly after: Sent }> {
  const wire = await HandWire.open();
  await wire.connect();
  await wire.send([subscription('t1')]);
  wire.hubSends('t1', 'one');
  const before = sentIn(await wire.send([], 500));
  if (sleeps) await wire.send([{ kind: 'disconnect', durationS: 600 }]);
  await wire.restartGateway();
  await wire.plug();
  wire.hubSends('t1', 'two');
  wire.isAcknowledging = true;
  const woken = sleeps
    ? [...(await wire.connect()), ...(await wire.send([{ kind: 'disconnect', durationS: 600 }]))]
    : await wire.connect();
  const ping: Packet = { kind: 'pingreq', clientId: 's1' };
  const after = sentIn([...woken, ...(await wire.send(sleeps ? [ping] : [], 20_000))]);
  return { before, after };
}

it.each([false, true])('has DUP and its MsgId, and the next message has neither (asleep: %s)', async (sleeps) => {
  const { before, after } = await sentAroundRestart(sleeps);
  const [first] = before;
  expect(first?.slice(0, 2)).toEqual(['one', false]);
  expect(after.filter(([text]) => text === 'one')[0]).toEqual(['one', true, first?.[2]]);
  const two = after.find(([text]) => text === 'two');
  expect([two?.[1], two?.[2] === first?.[2]]).toEqual([false, false]);
});
