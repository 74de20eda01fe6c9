/**
 * Probe of one Modbus unit: its cheapest configured block, read between two other transactions. Modbus has no neutral
 * request that every unit supports (function 8 is optional), so a configured request is used. Its values count as a
 * normal reading, because some registers are cleared by reading. After a missing answer the next poll decides whether
 * the unit is gone.
 *
 * Invariants: every `probe` ends in exactly one `probed`. One per line at a time. A probe waits at most `TURN_MS_MAX`
 * for its turn, and starts nothing while a late answer may come (`rtu-line.ts`).
 */
import type { ProbeOutcome } from '../../base/probe.ts';
import type { TransactionCounters } from './transaction.ts';

type Counted = Pick<TransactionCounters, 'framesIn' | 'framesOut' | 'damaged' | 'mismatches'>;

interface Wanted {
  readonly token: number;
  /** Address of the unit. */
  readonly unit: number;
  readonly giveUpAtMs: number;
  /** Counters of the line at the beginning of its turn. `undefined`: not begun. */
  readonly before: Counted | undefined;
  readonly sentAtMs: number;
}

/** A line without room for one more request in this time is fully used by its polls. */
const TURN_MS_MAX = 10_000;

export class ModbusProbe {
  private readonly report: (token: number, outcome: ProbeOutcome) => void;
  private wanted: Wanted | undefined;

  constructor(report: (token: number, outcome: ProbeOutcome) => void) {
    this.report = report;
  }

  /** Requests a probe; `next` decides when it runs. @param unit address to be asked; `undefined`: no readable unit */
  ask({ token }: { readonly token: number }, unit: number | undefined, nowMs: number): void {
    if (unit === undefined) this.report(token, { kind: 'not asked', why: 'it has nothing that can be read now' });
    else if (this.wanted !== undefined)
      this.report(token, { kind: 'not asked', why: 'another probe is running on its line' });
    else this.wanted = { token, unit, giveUpAtMs: nowMs + TURN_MS_MAX, before: undefined, sentAtMs: nowMs };
  }

  /** True if the present or last request is the probe's block. */
  get isRunning(): boolean {
    return this.wanted?.before !== undefined;
  }

  /** Address of the unit to be asked now, while the line is idle. */
  next(nowMs: number, blockedUntilMs: (unit: number) => number): number | undefined {
    const wanted = this.wanted;
    if (wanted === undefined || wanted.before !== undefined) return undefined;
    if (nowMs >= wanted.giveUpAtMs) this.end({ kind: 'not asked', why: 'it had no turn: the line is busy' });
    else if (nowMs >= blockedUntilMs(wanted.unit)) return wanted.unit;
    return undefined;
  }

  wakeAtMs(blockedUntilMs: (unit: number) => number): number {
    const wanted = this.wanted;
    if (wanted === undefined || wanted.before !== undefined) return Number.POSITIVE_INFINITY;
    return Math.min(wanted.giveUpAtMs, blockedUntilMs(wanted.unit));
  }

  /** Called when the request to the unit from `next` begins. */
  begin({ framesIn, framesOut, damaged, mismatches }: Counted): void {
    if (this.wanted !== undefined)
      this.wanted = { ...this.wanted, before: { framesIn, framesOut, damaged, mismatches } };
  }

  /** Called for every request that was sent. */
  sent(nowMs: number): void {
    if (this.wanted !== undefined) this.wanted = { ...this.wanted, sentAtMs: nowMs };
  }

  /** Called at the end of the reading. @param refused `undefined`: no answer; else the points without a value */
  done(now: Counted, refused: readonly string[] | undefined, nowMs: number): void {
    const { before, sentAtMs } = this.wanted ?? {};
    if (before === undefined || sentAtMs === undefined) return;
    this.end({
      kind: 'asked',
      requests: now.framesOut - before.framesOut,
      // an exception by which a Modbus gateway reports a silent unit is a frame, and no answer
      answers: refused === undefined ? 0 : now.framesIn - before.framesIn,
      damaged: now.damaged - before.damaged + now.mismatches - before.mismatches,
      tripMs: refused === undefined ? undefined : nowMs - sentAtMs,
      ...(refused === undefined || refused.length === 0 ? {} : { refused }),
    });
  }

  /** Called when the line was closed. */
  abandon(): void {
    this.end({ kind: 'not asked', why: 'it was interrupted: the line was closed' });
  }

  private end(outcome: ProbeOutcome): void {
    if (this.wanted === undefined) return;
    const { token } = this.wanted;
    this.wanted = undefined;
    this.report(token, outcome);
  }
}
