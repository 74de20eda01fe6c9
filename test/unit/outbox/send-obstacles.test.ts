/** Obstacles of messages agree with the scheduler in random states: what goes has none, and what has none can go. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Entry } from '../../../src/custody/entry.ts';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import type { OutboxLimits } from '../../../src/outbox/outbox-contract.ts';
import type { SendObstacle } from '../../../src/outbox/send-obstacles.ts';
import { OutboxBench } from './outbox-rig.ts';

const ACTS = [
  'offer a',
  'offer b',
  'offer to lane 2',
  'offer alarm',
  'send one',
  'acknowledge one',
  'give up',
  'halt',
  'resume',
  'forbid lane 2',
  'permit all',
  'pause backlog',
  'open backlog',
  'reconnect',
  'hub closes',
  'commit',
  'wait',
] as const;

/** Obstacles during which a message may be sent nevertheless: it is tried alone. */
const MAY_GO: ReadonlySet<SendObstacle['kind']> = new Set(['suspect', 'sent alone']);

class Driven extends OutboxBench {
  readonly inFlight: number[] = [];
  readonly #forbidden: Set<number>;

  constructor(limits: Partial<OutboxLimits>) {
    const forbidden = new Set<number>();
    const isReady = (lane: number): boolean => !forbidden.has(lane);
    super(limits, undefined, undefined, { mayPublish: isReady, isReady });
    this.#forbidden = forbidden;
  }

  act(what: (typeof ACTS)[number]): void {
    switch (what) {
      case 'offer a':
      case 'offer b':
        return void this.offer(what.at(-1));
      case 'offer to lane 2':
        return void this.offer('c', { lane: 2 });
      case 'offer alarm':
        return void this.offer('alarm', { lane: alarmLaneOf(1) });
      case 'send one': {
        const sending = this.outbox.next(this.nowMs);
        if (sending !== undefined) this.inFlight.push(sending.packetId);
        return;
      }
      case 'acknowledge one':
        return void this.outbox.acknowledged(this.inFlight.shift() ?? 0);
      case 'give up':
        this.nowMs += 20_000;
        return void this.outbox.giveUp(this.nowMs);
      case 'halt':
        return this.outbox.setHalted(1, true);
      case 'resume':
        return this.outbox.setHalted(1, false);
      case 'forbid lane 2':
        return void this.#forbidden.add(2);
      case 'permit all':
        return this.#forbidden.clear();
      case 'pause backlog':
        return this.outbox.setBacklogPace({ isPaused: true, perS: undefined });
      case 'open backlog':
        return this.outbox.setBacklogPace({ isPaused: false, perS: undefined });
      case 'reconnect':
        this.disconnect();
        return void this.connect();
      case 'hub closes':
        this.disconnect(true);
        return void this.connect();
      case 'commit':
        return this.commit();
      case 'wait':
        this.nowMs += 700;
        return this.outbox.poison.onReceived(this.nowMs);
    }
  }

  get waiting(): Entry[] {
    return [...this.custodian.lanes()].flatMap(({ window }) => window);
  }
}

it('agree with the scheduler', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...ACTS), { maxLength: 60 }), fc.constantFrom(0, 2), (acts, messagesPerS) => {
      const bench = new Driven({ inFlightMax: 2, messagesPerS });
      bench.connect();
      for (const act of acts) bench.act(act);
      const obstacles = new Map(
        bench.waiting.map((entry) => [entry, bench.outbox.obstaclesOf(entry, bench.nowMs).map(({ kind }) => kind)]),
      );
      const free = [...obstacles].filter(([, kinds]) => kinds.length === 0);
      const next = bench.outbox.next(bench.nowMs)?.entry;
      if (next === undefined) expect(free).toEqual([]);
      else expect(obstacles.get(next)?.filter((kind) => !MAY_GO.has(kind))).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});

it('change nothing: the same messages are sent after any number of looks', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...ACTS), { maxLength: 40 }), (acts) => {
      const [looked, other] = [new Driven({ inFlightMax: 2 }), new Driven({ inFlightMax: 2 })];
      for (const bench of [looked, other]) bench.connect();
      const sent = (bench: Driven): unknown => [
        ...bench.send().map(({ entry, dup, isSuspect }) => [entry.row.seq, dup, isSuspect]),
      ];
      for (const act of acts) {
        for (const entry of looked.waiting) looked.outbox.obstaclesOf(entry, looked.nowMs);
        looked.act(act);
        other.act(act);
      }
      expect(sent(looked)).toEqual(sent(other));
    }),
    { numRuns: 1000 },
  );
});
