/** The clock on a virtual time source: exact for any delay, even if the source fires early. */
import { describe, expect, it } from 'vitest';
import { createClock, systemClock, TIMEOUT_MS_MAX, type TimeSource } from '../../../src/io/clock.ts';

/** Fires `earlyMs` before the requested time, as `setTimeout` can. */
class VirtualSource implements TimeSource {
  readonly delays: number[] = [];
  #nowMs = 0;
  #pending: (() => void) | undefined;
  #dueMs = 0;
  readonly #earlyMs: number;

  constructor(earlyMs = 0) {
    this.#earlyMs = earlyMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 0;
  }

  after(delayMs: number, call: () => void): () => void {
    this.delays.push(delayMs);
    this.#dueMs = this.#nowMs + delayMs - (delayMs > this.#earlyMs ? this.#earlyMs : 0);
    this.#pending = call;
    return () => {
      this.#pending = undefined;
    };
  }

  /** Runs the pending timer. */
  step(): void {
    const call = this.#pending;
    this.#pending = undefined;
    this.#nowMs = this.#dueMs;
    call?.();
  }

  /** Runs timers until none is left. */
  run(): void {
    while (this.#pending !== undefined) this.step();
  }
}

describe('the clock', () => {
  it('fires at the requested time, never in the same call', () => {
    const source = new VirtualSource();
    const wakes: number[] = [];
    createClock(source).wakeAt(250, () => wakes.push(source.nowMs()));
    expect(wakes).toEqual([]);
    source.run();
    expect(wakes).toEqual([250]);
  });

  it('sets timers repeatedly for a delay longer than the maximum of one timer', () => {
    const source = new VirtualSource();
    const wakes: number[] = [];
    const atMs = 3 * TIMEOUT_MS_MAX + 5;
    createClock(source).wakeAt(atMs, () => wakes.push(source.nowMs()));
    source.run();
    expect(source.delays).toEqual([TIMEOUT_MS_MAX, TIMEOUT_MS_MAX, TIMEOUT_MS_MAX, 5]);
    expect(wakes).toEqual([atMs]);
  });

  it('does not fire early if the timer does', () => {
    const source = new VirtualSource(1);
    const wakes: number[] = [];
    createClock(source).wakeAt(100, () => wakes.push(source.nowMs()));
    source.run();
    expect(source.delays).toEqual([100, 1]);
    expect(wakes).toEqual([100]);
  });

  it('fires at once for a time in the past', () => {
    const source = new VirtualSource();
    createClock(source).wakeAt(-1000, () => {});
    expect(source.delays).toEqual([0]);
  });

  it('can be cancelled after it has set another timer', () => {
    const source = new VirtualSource(1);
    const cancel = createClock(source).wakeAt(100, () => expect.unreachable());
    source.step();
    expect(source.delays).toEqual([100, 1]);
    cancel();
    source.run();
  });

  it('reads whole milliseconds of the monotonic clock', () => {
    const beforeMs = Number(process.hrtime.bigint() / 1_000_000n);
    const nowMs = systemClock().nowMs();
    expect(Number.isInteger(nowMs)).toBe(true);
    expect(nowMs).toBeGreaterThanOrEqual(beforeMs);
    expect(nowMs).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1_000_000n));
  });
});
