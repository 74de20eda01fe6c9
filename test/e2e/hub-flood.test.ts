/**
 * A hub that sends messages without a subscriber without end: the lines are still served, and the journal stays
 * small.
 */
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { encodeMqtt } from '../../src/codec/mqtt-wire.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

const CONNACK = encodeMqtt({ kind: 'connack', sessionPresent: true, returnCode: 0 });
const MESSAGES = 20;
const FLOOD_BYTES_MIN = 1_000_000;

/** Distinct topics without a subscriber. */
const FLOOD = Buffer.concat(
  Array.from({ length: 2000 }, (_, index) =>
    encodeMqtt({
      ...{ kind: 'publish', dup: false, qos: 0, retain: false, packetId: undefined },
      ...{ topic: `gw/a/nobody/${index}`, payload: Uint8Array.of(1) },
    }),
  ),
);

it('a flood of QoS 0 from the hub delays no acknowledgement to the subdevices', async () => {
  const testbed = await openTestbed({ isTapped: true, config: { outbox: { hold_ms: 0, commit_ms: 0 } } });
  await testbed.start();
  let takenBytes = 0;
  testbed.tap.impostors.push((gateway: Socket) => {
    const send = (): void => {
      do takenBytes += FLOOD.length;
      while (!gateway.destroyed && gateway.write(FLOOD));
    };
    gateway.once('data', () => gateway.write(CONNACK, send));
    gateway.on('drain', send).resume();
  });
  testbed.hub.setFault({ kind: 'dropConnections' });
  await until(() => takenBytes > FLOOD_BYTES_MIN);
  testbed.publish(MESSAGES);
  await testbed.untilAcknowledged();
  await until(() => takenBytes > 2 * FLOOD_BYTES_MIN);
  const lines = testbed.gateway.journal.split('\n').filter((line) => line.includes('no subscriber'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(10);
});
