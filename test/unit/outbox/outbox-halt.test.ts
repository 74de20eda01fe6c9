/**
 * Lanes for which the hub currently accepts nothing: their messages wait, unsent, and no other lane waits for them.
 */
import { expect, it } from 'vitest';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

it('no message of a halted lane is sent, in no connection, and all of them in order after the halt', () => {
  const bench = new OutboxBench().fill('a', 'b').connect();
  bench.outbox.setHalted(1, true);
  bench.offer('other', { lane: 2 });
  expect(topicsOf(bench.send())).toEqual(['other']);
  bench.outbox.disconnected('otherwise', bench.nowMs);
  bench.connect();
  expect(topicsOf(bench.send())).toEqual(['other']);
  bench.outbox.setHalted(1, false);
  expect(topicsOf(bench.send())).toEqual(['a', 'b']);
});

it('a message in flight when its lane was halted is not abandoned, and is sent first after the halt', () => {
  const bench = new OutboxBench({ attemptsMax: 1, inFlightMax: 4 }).fill('a', 'a').connect();
  expect(topicsOf(bench.send())).toEqual(['a', 'a']);
  bench.outbox.setHalted(1, true);
  bench.fill('b');
  for (let round = 1; round <= 5; round += 1) {
    bench.nowMs = round * 20_000;
    expect(bench.outbox.giveUp(bench.nowMs)).toEqual([]);
    expect(bench.send()).toEqual([]);
  }
  bench.offer('other', { lane: 2 });
  expect(topicsOf(bench.send())).toEqual(['other']);
  bench.outbox.setHalted(1, false);
  const again = bench.send();
  expect(topicsOf(again)).toEqual(['a', 'a', 'b']);
  expect(again.map(({ dup }) => dup)).toEqual([true, true, false]);
});

it('a message that is sent again after a halt takes a slot of the window', () => {
  const bench = new OutboxBench({ inFlightMax: 2 }).fill('a', 'a').connect();
  bench.send();
  bench.outbox.setHalted(1, true);
  bench.nowMs = 20_000;
  bench.outbox.giveUp(bench.nowMs);
  for (let messages = 0; messages < 2; messages += 1) bench.offer('other', { lane: 2 });
  const others = bench.send();
  expect(topicsOf(others)).toEqual(['other', 'other']);
  bench.outbox.setHalted(1, false);
  expect(bench.send()).toEqual([]);
  bench.outbox.acknowledged(others[0]?.packetId ?? 0);
  expect(topicsOf(bench.send())).toEqual(['a']);
});

it('negative control: a message of a lane without a halt is abandoned after its attempts', () => {
  const bench = new OutboxBench({ attemptsMax: 1 }).fill('a').connect();
  bench.send();
  bench.nowMs = 20_000;
  expect(bench.outbox.giveUp(bench.nowMs)).toHaveLength(1);
});

it('a late PUBACK for a halted lane is accepted', () => {
  const bench = new OutboxBench().fill('a').connect();
  const [sending] = bench.send();
  bench.outbox.setHalted(1, true);
  bench.nowMs = 20_000;
  bench.outbox.giveUp(bench.nowMs);
  expect(bench.outbox.acknowledged(sending?.packetId ?? 0)?.row.topic).toBe('a');
  bench.outbox.setHalted(1, false);
  expect(bench.send()).toEqual([]);
});
