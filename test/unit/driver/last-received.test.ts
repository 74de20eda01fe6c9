/**
 * Tests of the time of last reception: every valid frame counts, with any content; an unreadable frame does not
 * count.
 */
import { expect, it } from 'vitest';
import { LastReceived } from '../../../src/driver/last-received.ts';
import { LinesBench } from './lines/lines-rig.ts';
import { LinkBench } from './mqttsn/mqttsn-bench.ts';

it('an MQTT-SN subdevice has its time of last reception set by a PINGREQ, and keeps it after it has left', () => {
  const bench = new LinkBench().attach();
  bench.nowMs += 5000;
  bench.send({ kind: 'pingreq', clientId: '' });
  expect(bench.link.lastReceivedAtMs('pump-7')).toBe(bench.nowMs);
  const leftAtMs = bench.nowMs + 1000;
  bench.nowMs = leftAtMs;
  bench.send({ kind: 'disconnect', durationS: undefined });
  bench.nowMs += 1000;
  bench.input({ kind: 'bytes', bytes: Uint8Array.of(1, 2, 3, 0) });
  expect(bench.link.lastReceivedAtMs('pump-7')).toBe(leftAtMs);
  expect(bench.link.lastReceivedAtMs('pump-8')).toBeUndefined();
});

it('an MQTT-SN subdevice has its time of last reception set by a publication without a connection', () => {
  const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
  const topic = { type: 'predefined', id: 77 } as const;
  const payload = Uint8Array.of(1);
  bench.send({ kind: 'publish', dup: false, qos: -1, retain: false, topic, messageId: 0, payload });
  expect(bench.link.lastReceivedAtMs('pump-7')).toBe(bench.nowMs);
});

it('a device of lines has its time of last reception set by a line and by the answer to a downlink, not by a line of other content', () => {
  const bench = new LinesBench({ pattern: '^v=\\d+$', downlinks: ['cmd'], downlink_ack: '^ok$' });
  expect(bench.link.lastReceivedAtMs('meter-1')).toBeUndefined();
  bench.nowMs = 1000;
  bench.receive('v=1\n');
  expect(bench.link.lastReceivedAtMs('meter-1')).toBe(1000);
  bench.deliver(1, 'go');
  bench.nowMs = 1050;
  bench.receive('ok\n');
  expect(bench.of('delivered')).toHaveLength(1);
  bench.nowMs = 3000;
  bench.receive('boot\n');
  expect(bench.link.lastReceivedAtMs('meter-1')).toBe(1050);
});

it('the least recently received subdevice is removed beyond the bound', () => {
  const last = new LastReceived();
  for (let subdevice = 0; subdevice <= 2048; subdevice += 1) last.note(`d${subdevice}`, subdevice);
  expect([last.of('d0'), last.of('d1'), last.of('d2048')]).toEqual([undefined, 1, 2048]);
});
