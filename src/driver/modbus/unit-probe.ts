/**
 * A probe of one Modbus unit: its cheapest configured block, read out of turn, between two transactions of others. There is
 * no question that means nothing to every unit (function 8 is not in every one), so it is one that is asked anyway, and what it
 * reads counts as any reading: some registers are cleared by it. Silence is left for the next poll to judge.
 *
 * Invariants: every `probe` ends in exactly one `probed`; one per line at a time; it waits for its turn at most
 * `TURN_MS_MAX`, and begins nothing where a late answer may come (`modbus-transaction.ts`).
 */
import type { ProbeOutcome } from '../../base/probe.ts';
import type { Restorable } from '../../base/snapshot.ts';
import type { ModbusTransactions } from './transaction.ts';

type Counted = Pick<ModbusTransactions['counters'], 'framesIn' | 'framesOut' | 'damaged' | 'mismatches'>;

export interface ModbusProbeSnapshot {
  readonly wanted: Wanted | undefined;
}

interface Wanted {
  readonly token: number;
  /** Its address. */
  readonly unit: number;
  readonly giveUpAtMs: number;
  /** The line's counters when its turn came; `undefined`: it has not come. */
  readonly before: Counted | undefined;
  readonly sentAtMs: number;
}

/** A line that has no room for one more question in so long is fully taken by its polls. */
const TURN_MS_MAX = 10_000;

export class ModbusProbe implements Restorable<ModbusProbeSnapshot> {
  readonly #report: (token: number, outcome: ProbeOutcome) => void;
  #wanted: Wanted | undefined;

  constructor(report: (token: number, outcome: ProbeOutcome) => void) {
    this.#report = report;
  }

  /** Its turn is decided on by `next`. @param unit address of who is to be asked; `undefined`: nobody who could be */
  ask({ token }: { readonly token: number }, unit: number | undefined, nowMs: number): void {
    if (unit === undefined) this.#report(token, { kind: 'not asked', why: 'it is nothing that can be read now' });
    else if (this.#wanted !== undefined) this.#report(token, { kind: 'not asked', why: 'its line is being probed' });
    else this.#wanted = { token, unit, giveUpAtMs: nowMs + TURN_MS_MAX, before: undefined, sentAtMs: nowMs };
  }

  /** What is asked now, or was asked last, is its block. */
  get isRunning(): boolean {
    return this.#wanted?.before !== undefined;
  }

  /** The address of the unit to be asked now, while the line is idle. */
  next(nowMs: number, restsUntilMs: (unit: number) => number): number | undefined {
    const wanted = this.#wanted;
    if (wanted === undefined || wanted.before !== undefined) return undefined;
    if (nowMs >= wanted.giveUpAtMs) this.#end({ kind: 'not asked', why: 'it had no turn: its line is busy' });
    else if (nowMs >= restsUntilMs(wanted.unit)) return wanted.unit;
    return undefined;
  }

  wakeAtMs(restsUntilMs: (unit: number) => number): number {
    const wanted = this.#wanted;
    if (wanted === undefined || wanted.before !== undefined) return Number.POSITIVE_INFINITY;
    return Math.min(wanted.giveUpAtMs, restsUntilMs(wanted.unit));
  }

  /** The unit that `next` gave is being asked. */
  begin({ framesIn, framesOut, damaged, mismatches }: Counted): void {
    if (this.#wanted !== undefined)
      this.#wanted = { ...this.#wanted, before: { framesIn, framesOut, damaged, mismatches } };
  }

  /** A request has left, whoever's it is. */
  sent(nowMs: number): void {
    if (this.#wanted !== undefined) this.#wanted = { ...this.#wanted, sentAtMs: nowMs };
  }

  /** The reading has ended. @param refused `undefined`: it has not answered; else what it has no value for */
  done(now: Counted, refused: readonly string[] | undefined, nowMs: number): void {
    const { before, sentAtMs } = this.#wanted ?? {};
    if (before === undefined || sentAtMs === undefined) return;
    this.#end({
      kind: 'asked',
      requests: now.framesOut - before.framesOut,
      answers: now.framesIn - before.framesIn,
      damaged: now.damaged - before.damaged + now.mismatches - before.mismatches,
      tripMs: refused === undefined ? undefined : nowMs - sentAtMs,
      ...(refused === undefined || refused.length === 0 ? {} : { refused }),
    });
  }

  /** The line is gone. */
  abandon(): void {
    this.#end({ kind: 'not asked', why: 'it was cut off: its line is gone' });
  }

  snapshot(): ModbusProbeSnapshot {
    return { wanted: this.#wanted };
  }

  restore({ wanted }: ModbusProbeSnapshot): void {
    this.#wanted = wanted;
  }

  #end(outcome: ProbeOutcome): void {
    if (this.#wanted === undefined) return;
    const { token } = this.#wanted;
    this.#wanted = undefined;
    this.#report(token, outcome);
  }
}
