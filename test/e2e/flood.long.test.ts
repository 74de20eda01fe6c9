/** One line floods at the speed of a PTY, seven others are still served: each line has its turn. */

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
/** Number of bytes in buffers of the kernel and of the gateway that the gateway has not handled. */
const AHEAD_BYTES = 64 * 1024;
/**
 * A fair gateway reads 0.6 MB until it has acknowledged all subdevices, one without the budget 2.7 to 6.6 MB
 * (measured).
 */
const FLOOD_BYTES_MAX = 1_500_000;
const ATTEMPTS_MAX = 8;

const CONNECT = encodeFrame(encodePacket({ kind: 'connect', clean: true, will: false, clientId: 'a', durationS: 0 }));
/** QoS 0, so that only the pace of the gateway limits it. */
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

/**
 * Floods until the others have their acknowledgements, or the limit of bytes is reached. @returns bytes read by the
 * gateway
 */
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
  // The flood begins before the others send.
  line.write(CHUNK);
  for (let count = 0; count < MESSAGES; count += 1) for (const id of OTHERS) testbed.subdevice(id).publish('t');
  const bytes = await flood(testbed, line);
  return { owedAfter: unacknowledged(testbed), bytes };
}

it('with the budget every message of the others is acknowledged during the flood', async () => {
  const { owedAfter, bytes } = await floodAmongOthers();
  expect(owedAfter).toBe(0);
  expect(bytes).toBeGreaterThan(CHUNK.length);
});

it('negative control: without the budget they wait for the end of the flood', async () => {
  // On a busy machine the flood may be slower than the gateway, which then serves all lines without a budget too.
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1)
    if ((await floodAmongOthers(GREEDY)).owedAfter > 0) return;
  expect.fail(`the others were served in ${ATTEMPTS_MAX} floods`);
});
