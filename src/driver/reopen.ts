/**
 * Opening of the channel under a link, the same for every driver. The channel is opened, and opened again after it has
 * closed, with growing pauses.
 *
 * Invariants: at most one `open` is unanswered. A pause is never shorter than the floor, because each opening of a
 * serial port leaks some kilobytes in the library. Nothing is opened after `stop`.
 */
import { Backoff, type BackoffLimits } from '../base/backoff.ts';
import type { ChannelAction } from '../base/machine.ts';
import type { LinkMachine } from './driver.ts';

export type LinkState = LinkMachine['state'];

type Phase =
  | { readonly state: 'stopped' }
  | { readonly state: 'opening' }
  | { readonly state: 'open'; readonly sinceMs: number }
  | { readonly state: 'waiting to reopen'; readonly atMs: number };

export class LinkOpening {
  private readonly backoff: Backoff;
  private readonly steadyMs: number;
  private phase: Phase = { state: 'stopped' };
  private openingCount = 0;

  /** @param random uniform in [0, 1) */
  constructor(limits: BackoffLimits, random: () => number) {
    this.backoff = new Backoff(limits, random);
    this.steadyMs = limits.ceilingMs;
  }

  get state(): LinkState {
    return this.phase.state;
  }

  /** Number of openings. */
  get openings(): number {
    return this.openingCount;
  }

  start(): ChannelAction[] {
    if (this.phase.state !== 'stopped') return [];
    this.phase = { state: 'opening' };
    return [{ kind: 'open' }];
  }

  /** Closes the channel, and opens none from now on. `closed` follows if a channel was open or opening. */
  stop(): ChannelAction[] {
    const { state } = this.phase;
    this.phase = { state: 'stopped' };
    return state === 'opening' || state === 'open' ? [{ kind: 'close', reason: 'the link is stopped' }] : [];
  }

  opened(nowMs: number): void {
    if (this.phase.state !== 'opening') return;
    this.phase = { state: 'open', sinceMs: nowMs };
    this.openingCount += 1;
  }

  /**
   * A channel that was open longer than the longest pause counts as a lasting success: the pauses start at the floor
   * again.
   */
  closed(nowMs: number): void {
    if (this.phase.state === 'stopped') return;
    if (this.phase.state === 'open' && nowMs - this.phase.sinceMs >= this.steadyMs) this.backoff.reset();
    this.phase = { state: 'waiting to reopen', atMs: nowMs + this.backoff.next() };
  }

  wake(nowMs: number): ChannelAction[] {
    if (this.phase.state !== 'waiting to reopen' || nowMs < this.phase.atMs) return [];
    this.phase = { state: 'opening' };
    return [{ kind: 'open' }];
  }

  wakeAtMs(): number | undefined {
    return this.phase.state === 'waiting to reopen' ? this.phase.atMs : undefined;
  }
}
