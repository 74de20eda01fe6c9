/**
 * When to come back after a connection or an attempt has ended: the usual back-off, and longer where another gateway seems
 * to fight us for the identity (`rivalry.ts`).
 */
import { Backoff, type BackoffLimits } from '../../base/backoff.ts';
import type { Restorable } from '../../base/snapshot.ts';
import { type ClientState, onlineSince } from './client-state.ts';
import { NO_TAKINGS, Rivalry, type RivalrySnapshot, type Takings } from './takeover.ts';

/** A connection that lasted so long was good: the next pause starts at the floor again. */
const STABLE_MS = 30_000;

export interface ComebackSnapshot {
  readonly backoff: ReturnType<Backoff['snapshot']>;
  readonly rivalry: RivalrySnapshot;
}

export class Comeback implements Restorable<ComebackSnapshot> {
  readonly #floorMs: number;
  readonly #backoff: Backoff;
  readonly rivalry: Rivalry;

  /** @param limits of the usual pauses; @param random uniform in [0, 1) */
  constructor(limits: BackoffLimits, random: () => number) {
    this.#floorMs = limits.floorMs;
    this.#backoff = new Backoff(limits, random);
    this.rivalry = new Rivalry(limits.ceilingMs, random);
  }

  /** It is over. @returns the pause before the next attempt, and whether a rival was noticed just now */
  after(state: ClientState, nowMs: number): { readonly pauseMs: number; readonly isTakenOver: boolean } {
    const sinceMs = onlineSince(state);
    if (sinceMs !== undefined && nowMs - sinceMs >= STABLE_MS) this.#backoff.reset();
    const isOurs = state.kind === 'online' && this.rivalry.isSuspectInTheAir(nowMs);
    if (isOurs) this.#backoff.reset(); // the hub is well: it closed upon a packet of ours
    this.#judge(state, nowMs);
    const usualMs = this.#backoff.next();
    const pauseMs = Math.max(this.#floorMs, (isOurs ? undefined : this.rivalry.nextPauseMs()) ?? usualMs);
    return { pauseMs, isTakenOver: this.rivalry.isNews() };
  }

  /** Connections in a row that were taken from us; none: no pattern, or not any more. */
  takings(state: ClientState, nowMs: number): Takings {
    const sinceMs = onlineSince(state);
    return sinceMs !== undefined && this.rivalry.isOver(nowMs - sinceMs) ? NO_TAKINGS : this.rivalry.takings;
  }

  snapshot(): ComebackSnapshot {
    return { backoff: this.#backoff.snapshot(), rivalry: this.rivalry.snapshot() };
  }

  restore({ backoff, rivalry }: ComebackSnapshot): void {
    this.#backoff.restore(backoff);
    this.rivalry.restore(rivalry);
  }

  /** A refusal, or a close before CONNACK, says nothing: the hub may only have found the attempt too soon. */
  #judge(state: ClientState, nowMs: number): void {
    switch (state.kind) {
      case 'online':
        return this.rivalry.taken(nowMs - state.sinceMs, nowMs);
      case 'closing':
        return state.isRefused ? undefined : this.rivalry.explained();
      case 'dialing':
        return this.rivalry.explained();
      case 'greeting':
      case 'waiting':
      case 'stopped':
        return;
    }
  }
}
