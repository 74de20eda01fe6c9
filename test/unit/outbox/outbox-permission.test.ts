/** Lanes that wait for the permission of the hub, and the order of the messages around such a wait. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import { EVERY_TOPIC } from '../../../src/custody/operator-hold.ts';
import type { PublishPermission } from '../../../src/outbox/publish-permission.ts';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

class Permitted implements PublishPermission {
  readonly lanes = new Set<number>();
  readonly requested: number[] = [];
  readonly isReady = (lane: number): boolean => this.lanes.has(lane);
  readonly mayPublish = (lane: number): boolean => {
    if (!this.isReady(lane)) this.requested.push(lane);
    return this.isReady(lane);
  };
}

function benched(inFlightMax = 4): { readonly bench: OutboxBench; readonly permitted: Permitted } {
  const permitted = new Permitted();
  return { bench: new OutboxBench({ inFlightMax }, undefined, undefined, permitted), permitted };
}

it('no message is sent without the permission; it is requested, and no other lane waits for it', () => {
  const { bench, permitted } = benched();
  permitted.lanes.add(2);
  bench.fill('a', 'b').connect();
  bench.offer('other', { lane: 2 });
  expect(topicsOf(bench.send())).toEqual(['other']);
  expect(new Set(permitted.requested)).toEqual(new Set([1]));
  permitted.lanes.add(1);
  expect(topicsOf(bench.send())).toEqual(['a', 'b']);
});

it('no permission is requested for a lane without messages, or one whose backlog is paused', () => {
  const { bench, permitted } = benched();
  bench.fill('a').connect();
  bench.outbox.setBacklogPace({ isPaused: true, perS: undefined });
  expect(bench.send()).toEqual([]);
  expect([permitted.requested, bench.outbox.isSending(1), bench.outbox.isSending(2)]).toEqual([[], false, false]);
  bench.outbox.setBacklogPace({ isPaused: false, perS: undefined });
  bench.send();
  expect([permitted.requested[0], bench.outbox.isSending(1)]).toEqual([1, true]);
});

it('messages in flight before a reconnect wait for the permission too, and go first', () => {
  const { bench, permitted } = benched();
  permitted.lanes.add(1);
  bench.fill('a', 'a').connect();
  const [first] = bench.send();
  bench.disconnect();
  permitted.lanes.clear();
  bench.fill('a').connect();
  expect(bench.send()).toEqual([]);
  expect(bench.outbox.isSending(1)).toBe(true);
  permitted.lanes.add(1);
  const sent = bench.send();
  expect(sent.map(({ dup }) => dup)).toEqual([true, true, false]);
  expect(sent[0]?.packetId).toBe(first?.packetId);
});

it('a lane is sending until its last PUBACK, and an operator hold ends that', () => {
  const { bench, permitted } = benched();
  permitted.lanes.add(1);
  bench.fill('a', 'b').connect();
  const sent = bench.send();
  for (const { packetId } of sent) {
    expect(bench.outbox.isSending(1)).toBe(true);
    bench.outbox.acknowledged(packetId);
  }
  expect(bench.outbox.isSending(1)).toBe(false);
  permitted.lanes.clear();
  bench.fill('a');
  expect(bench.outbox.isSending(1)).toBe(true);
  bench.custodian.setHolds(
    [{ direction: 'uplink', subdevice: 1, filter: EVERY_TOPIC, since: { epoch: 1, upMs: 0 } }],
    bench.nowMs,
  );
  expect(bench.outbox.isSending(1)).toBe(false);
});

const ACTS = [
  'offer',
  'offer to lane 2',
  'offer alarm',
  'send',
  'acknowledge',
  'reconnect',
  'permit',
  'forbid',
] as const;

it('in every connection the messages of a lane and topic are sent in their order, beginning with the oldest', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...ACTS), { maxLength: 80 }), fc.integer({ min: 1, max: 3 }), (acts, most) => {
      const { bench, permitted } = benched(most);
      const lanes = [1, 2, alarmLaneOf(1)];
      const permitAll = (): void => {
        for (const lane of lanes) permitted.lanes.add(lane);
      };
      let inFlight: number[] = [];
      /** Highest number sent in this connection, by lane. Each lane has one topic. */
      const last = new Map<number, number>();
      const send = (): void => {
        for (const { entry, packetId } of bench.send()) {
          const { lane, seq } = entry.row;
          const oldest = bench.custodian.lane(lane).window.find((one) => one.row.seq > (last.get(lane) ?? 0));
          expect(seq).toBe(oldest?.row.seq ?? seq);
          last.set(lane, seq);
          inFlight.push(packetId);
        }
      };
      permitAll();
      bench.connect();
      for (const act of acts) {
        if (act === 'offer') bench.offer('a');
        else if (act === 'offer to lane 2') bench.offer('b', { lane: 2 });
        else if (act === 'offer alarm') bench.offer('c', { lane: alarmLaneOf(1) });
        else if (act === 'send') send();
        else if (act === 'acknowledge') bench.outbox.acknowledged(inFlight.shift() ?? 0);
        else if (act === 'permit') permitAll();
        else if (act === 'forbid') permitted.lanes.delete(lanes[bench.custodian.lastSeq % 3] ?? 1);
        else {
          bench.disconnect();
          inFlight = [];
          last.clear();
          bench.connect();
        }
      }
      permitAll();
      send();
    }),
    { numRuns: 2000 },
  );
});
