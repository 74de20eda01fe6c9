/** Limits of the backlog: durable, and ended by themselves. */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { ageOf, type Epoch, type Stamp } from '../../../src/base/time.ts';
import type { Change } from '../../../src/custody/change.ts';
import type { BacklogLimit } from '../../../src/custody/row.ts';
import { BacklogControl } from '../../../src/flow/backlog-control.ts';
import type { BacklogPace } from '../../../src/outbox/backlog-gate.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { StepClock } from './flow-rig.ts';

const HOUR_MS = 3_600_000;

class ControlBench {
  readonly clock = new StepClock();
  readonly changes: Change[] = [];
  readonly ended: string[] = [];
  pace: BacklogPace = { isPaused: false, perS: undefined };
  durable = 0;
  readonly control: BacklogControl;

  /** @param limits as the store has them; the current boot is the second one */
  constructor(limits: readonly BacklogLimit[] = [], firstBoot: Partial<Epoch> = {}) {
    const { clock } = this;
    const facts = newFacts();
    facts.on('backlogLimitEnded', ({ limit }) => this.ended.push(limit));
    const epochs = new Map<number, Epoch>(
      [1, 2].map((epoch) => [
        epoch,
        {
          epoch,
          bootId: `b${epoch}`,
          lastUpMs: 10_000,
          wallMinusUpMs: undefined,
          sleptAtUpMs: undefined,
          ...(epoch === 1 ? firstBoot : {}),
        },
      ]),
    );
    const stamp = (): Stamp => ({ epoch: 2, upMs: clock.nowMs() });
    const mailbox = new Mailbox((error) => {
      throw error;
    });
    const committer = {
      require: (changes: readonly Change[], _byMs: number, then: () => void) => {
        this.changes.push(...changes);
        then();
      },
      addLazy: (change: Change) => this.changes.push(change),
    };
    const outbox = {
      setBacklogPace: (pace: BacklogPace) => {
        this.pace = pace;
      },
    };
    const age = (of: Stamp) => ageOf(of, stamp(), epochs);
    this.control = new BacklogControl(
      { clock, mailbox, facts, committer, outbox, stamp, age, send: () => undefined },
      limits,
    );
    this.control.look();
  }

  set(perS: number, forMs: number): void {
    this.control.set(perS, forMs, () => {
      this.durable += 1;
    });
  }
}

function pauseSince(since: Stamp, forMs = HOUR_MS): BacklogLimit {
  return { kind: 'pause', tenthsPerS: 0, since, forMs };
}

describe('a pause', () => {
  it('applies at once, is durable, and ends by itself when its time is over, not a millisecond earlier', () => {
    const bench = new ControlBench();
    bench.set(0, HOUR_MS);
    expect(bench).toMatchObject({ pace: { isPaused: true }, durable: 1 });
    expect(bench.changes).toMatchObject([{ kind: 'backlogLimit', limit: { kind: 'pause', forMs: HOUR_MS } }]);
    bench.clock.pass(HOUR_MS - 1);
    expect(bench).toMatchObject({ pace: { isPaused: true }, ended: [] });
    bench.clock.pass(1);
    expect(bench).toMatchObject({ pace: { isPaused: false }, ended: ['pause'] });
    expect(bench.changes.at(-1)).toEqual({ kind: 'backlogLimitGone', of: 'pause' });
    expect(bench.control.state).toEqual({ pause: null, rate: null });
  });

  it('that is ended by command does not end by itself later', () => {
    const bench = new ControlBench();
    bench.set(0, HOUR_MS);
    expect(bench.control.end('pause', () => undefined)).toBe(true);
    expect(bench.control.end('pause', () => undefined)).toBe(false);
    bench.clock.pass(2 * HOUR_MS);
    expect(bench).toMatchObject({ pace: { isPaused: false }, ended: [] });
  });

  it('that is set again lasts from then on', () => {
    const bench = new ControlBench();
    bench.set(0, HOUR_MS);
    bench.clock.pass(HOUR_MS / 2);
    bench.set(0, HOUR_MS);
    bench.clock.pass(HOUR_MS - 1);
    expect(bench.pace.isPaused).toBe(true);
    bench.clock.pass(1);
    expect(bench.pace.isPaused).toBe(false);
  });

  it('of an earlier boot goes on for the rest of its time', () => {
    const bench = new ControlBench([pauseSince({ epoch: 1, upMs: 9000 }, 12_000)]);
    // 1 s of the first boot and 1 s of this one are over
    expect(bench.control.state.pause).toMatchObject({ sinceMs: 2000, leftMs: 10_000 });
    bench.clock.pass(9999);
    expect(bench.pace.isPaused).toBe(true);
    bench.clock.pass(1);
    expect(bench).toMatchObject({ pace: { isPaused: false }, ended: ['pause'] });
  });

  it('whose time was over before the start has ended, and this is an event', () => {
    const bench = new ControlBench([pauseSince({ epoch: 1, upMs: 9000 }, 2000)]);
    expect(bench).toMatchObject({ pace: { isPaused: false }, ended: ['pause'] });
  });
});

it('a rate stays below a pause and applies after it', () => {
  const bench = new ControlBench();
  bench.set(2.5, 3 * HOUR_MS);
  bench.set(0, HOUR_MS);
  expect(bench.pace).toEqual({ isPaused: true, perS: 2.5 });
  bench.clock.pass(HOUR_MS);
  expect(bench.pace).toEqual({ isPaused: false, perS: 2.5 });
  bench.clock.pass(2 * HOUR_MS);
  expect(bench).toMatchObject({ pace: { isPaused: false, perS: undefined }, ended: ['pause', 'rate'] });
});
