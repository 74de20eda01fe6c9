/**
 * Probe of a device that is asked: its first request, out of turn. The answer counts as a normal answer.
 *
 * Invariants: every probe ends in exactly one outcome. One per line at a time. A probe waits at most `TURN_MS_MAX` for
 * its turn.
 */
import type { ProbeOutcome } from '../../base/probe.ts';

interface Wanted {
  readonly token: number;
  readonly subdevice: string;
  readonly giveUpAtMs: number;
  /** Number of damaged lines at the time of the request. `undefined`: not sent yet. */
  damagedBefore: number | undefined;
}

/** A line without room for one more request in this time is fully used. */
const TURN_MS_MAX = 10_000;

export class AskProbe {
  private readonly report: (token: number, outcome: ProbeOutcome) => void;
  private wanted: Wanted | undefined;

  constructor(report: (token: number, outcome: ProbeOutcome) => void) {
    this.report = report;
  }

  /** @param isProbeable false if the device cannot be asked */
  ask(token: number, subdevice: string, isProbeable: boolean, nowMs: number): void {
    if (!isProbeable) this.report(token, { kind: 'not asked', why: 'it has no request' });
    else if (this.wanted !== undefined)
      this.report(token, { kind: 'not asked', why: 'another probe is running on its line' });
    else this.wanted = { token, subdevice, giveUpAtMs: nowMs + TURN_MS_MAX, damagedBefore: undefined };
  }

  /** Subdevice to be asked next. */
  get next(): string | undefined {
    return this.wanted?.damagedBefore === undefined ? this.wanted?.subdevice : undefined;
  }

  /** Called when the request to `next` was sent. */
  sent(damaged: number): void {
    if (this.wanted !== undefined && this.wanted.damagedBefore === undefined) this.wanted.damagedBefore = damaged;
  }

  /** Called at the end of every request. @param tripMs `undefined`: no answer */
  done(damaged: number, tripMs: number | undefined): void {
    const before = this.wanted?.damagedBefore;
    if (before === undefined) return;
    const answers = tripMs === undefined ? 0 : 1;
    this.end({ kind: 'asked', requests: 1, answers, damaged: Math.min(1 - answers, damaged - before), tripMs });
  }

  wake(nowMs: number): void {
    if (this.wanted !== undefined && this.next !== undefined && nowMs >= this.wanted.giveUpAtMs)
      this.end({ kind: 'not asked', why: 'it had no turn: the line is busy' });
  }

  wakeAtMs(): number | undefined {
    return this.next === undefined ? undefined : this.wanted?.giveUpAtMs;
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
