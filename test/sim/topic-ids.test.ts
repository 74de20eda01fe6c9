/** Downlinks on more topics than a session has topic ids, with a killed gateway. */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, subscription } from './hand-wire.ts';

/** Number of topics, more than `TOPIC_IDS_MAX` of `src/app/machines.ts`. */
const TOPICS = 300;
const IDS_MAX = 256;

/** Returns "topic = text" of each PUBLISH, with the topics of earlier REGISTER packets. */
function read(packets: readonly Packet[], names: Map<number, string>): string[] {
  const texts: string[] = [];
  for (const packet of packets) {
    if (packet.kind === 'register') names.set(packet.topicId, packet.topic);
    if (packet.kind !== 'publish' || packet.topic.type !== 'normal') continue;
    texts.push(`${names.get(packet.topic.id)} = ${new TextDecoder().decode(packet.payload)}`);
  }
  return texts;
}

describe('downlinks on more topics than a session has ids for', () => {
  it('all arrive on their own topics, also after a kill, and the store contains no released id', async () => {
    const wire = await HandWire.open();
    wire.isAcknowledging = true;
    await wire.connect();
    await wire.send([subscription('many/+')], 3000);
    const names = new Map<number, string>();
    const received: string[] = [];
    for (let number = 0; number < TOPICS; number += 1) {
      wire.hubSends(`many/${number}`, String(number));
      received.push(...read(await wire.send([], 3000), names));
      if (number !== TOPICS - 20) continue;
      await wire.restartGateway();
      names.clear();
      await wire.connect();
    }
    received.push(...read(await wire.send([], 60_000), names));
    const wanted = Array.from({ length: TOPICS }, (_, number) => `many/${number} = ${number}`);
    expect(received).toEqual(wanted);
    const ids = [...wire.world.store.state().keys()].filter((key) => key.includes(' topic '));
    expect(ids).toHaveLength(IDS_MAX);
    expect(wire.world.complaints).toEqual([]);
  });
});
