/** One line floods at the speed of a PTY, seven others keep their service: each line has its turn. */

import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Channel } from '../../src/ports.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';

const GREEDY = fileURLToPath(new URL('./gateway-without-turn-budget.ts', import.meta.url));
const OTHERS = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
const MESSAGES = 20;
/** In the kernel's buffers and ours there may be so much that the gateway has not read. */
const AHEAD_BYTES = 64 * 1024;
/** A fair gateway takes 0.6 MB until it has acknowledged everybody, a greedy one 2.7 to 6.6 (measured). */
const FLOOD_BYTES_MAX = 1_500_000;

const CONNECT = encodeFrame(encodePacket({ kind: 'connect', clean: true, will: false, clientId: 'a', durationS: 0 }));
/** QoS 0, so that nothing but the pace of the gateway holds it back. */
const PUBLISH = encodeFrame(
  encodePacket({
    ...{ kind: 'publish', dup: false, qos: 0, retain: false, messageId: 0 },
    ...{ topic: { type: 'short', name: 'fl' }, payload: new Uint8Array(0) },
  }),
);
const CHUNK = Buffer.concat(Array.from({ length: 2000 }, () => PUBLISH));

async function openLine(testbed: Testbed): Promise<Channel> {
  const listener = new Recorder();
  const channel = testbed.subdevice('a').pty.open(listener);
  await listener.untilOpen();
  channel.write(CONNECT);
  await listener.untilReceived(1);
  return channel;
}

/** Floods until the others have their acknowledgements, or the gateway has had its fill. @returns bytes it took */
async function flood(testbed: Testbed, line: Channel): Promise<number> {
  let bytes = 0;
  while (bytes < FLOOD_BYTES_MAX && unacknowledged(testbed) > 0) {
    if (line.queuedBytes < AHEAD_BYTES) {
      line.write(CHUNK);
      bytes += CHUNK.length;
    }
    await turn();
  }
  return bytes;
}

function unacknowledged(testbed: Testbed): number {
  return OTHERS.reduce((sum, id) => sum + testbed.subdevice(id).queued, 0);
}

async function floodAmongOthers(program?: string): Promise<{ readonly owedAfter: number; readonly bytes: number }> {
  const testbed = await openTestbed({
    subdevices: Object.fromEntries(['a', ...OTHERS].map((id) => [id, { window: 1 }])),
    ...(program === undefined ? {} : { program }),
  });
  await testbed.gateway.start();
  for (const id of OTHERS) testbed.enter(testbed.subdevice(id));
  await testbed.untilStatus(
    ({ links }) => links.filter(({ subdevices }) => subdevices.length > 0).length === OTHERS.length,
  );
  const line = await openLine(testbed);
  // The flood is under way before the others say anything.
  line.write(CHUNK);
  for (let count = 0; count < MESSAGES; count += 1) for (const id of OTHERS) testbed.subdevice(id).publish('t');
  const bytes = await flood(testbed, line);
  return { owedAfter: unacknowledged(testbed), bytes };
}

it('and every message of the others is acknowledged while it lasts', async () => {
  const { owedAfter, bytes } = await floodAmongOthers();
  expect(owedAfter).toBe(0);
  expect(bytes).toBeGreaterThan(CHUNK.length);
});

it('and without the budget they would wait for its end', async () => {
  const { owedAfter } = await floodAmongOthers(GREEDY);
  expect(owedAfter).toBeGreaterThan(0);
});
