/**
 * Times of connection attempts. The pause between the end of a connection or attempt and the next attempt is the usual
 * back-off, or a longer pause if another gateway seems to use the same identity (`takeover.ts`).
 */
import { Backoff, type BackoffLimits } from '../../base/backoff.ts';
import type { StoreOpening } from '../../custody/row.ts';
import { type ClientState, onlineSince } from './client-state.ts';
import { NO_TAKEOVERS, TakeoverDetector, type TakeoverStats } from './takeover.ts';

/** Duration after which a connection counts as stable: the next pause starts at the minimum again. */
const STABLE_MS = 30_000;

export class ReconnectPolicy {
  private readonly floorMs: number;
  private readonly backoff: Backoff;
  readonly takeover: TakeoverDetector;

  /** @param limits limits of the usual pauses; @param random uniform in [0, 1) */
  constructor(limits: BackoffLimits, random: () => number) {
    this.floorMs = limits.floorMs;
    this.backoff = new Backoff(limits, random);
    this.takeover = new TakeoverDetector(limits.ceilingMs, random);
  }

  /**
   * Called after the end of a connection or attempt. @returns the pause before the next attempt, and whether a takeover
   * was detected just now
   */
  after(state: ClientState, nowMs: number): { readonly pauseMs: number; readonly isTakenOver: boolean } {
    const sinceMs = onlineSince(state);
    if (sinceMs !== undefined && nowMs - sinceMs >= STABLE_MS) this.backoff.reset();
    const isOurs = state.kind === 'online' && this.takeover.isSuspectUnacknowledged(nowMs);
    if (isOurs) this.backoff.reset(); // the hub is healthy: it closed on a packet of this gateway
    this.judge(state, nowMs);
    const usualMs = this.backoff.next();
    const pauseMs = Math.max(this.floorMs, (isOurs ? undefined : this.takeover.nextPauseMs()) ?? usualMs);
    return { pauseMs, isTakenOver: this.takeover.isNewlyDetected() };
  }

  /**
   * Called after a close for a renewal. A renewal is no failure and no evidence: it changes no pause and no count. The
   * invariant of one CONNECT per minimum pause holds. @returns the pause before the next attempt
   */
  renewed(state: ClientState, nowMs: number): number {
    const sinceMs = onlineSince(state) ?? nowMs;
    if (nowMs - sinceMs >= STABLE_MS) this.backoff.reset(); // as at any end of a stable connection
    return Math.max(0, sinceMs + this.floorMs - nowMs);
  }

  /** Connections in a row that were taken over. None: no pattern, or the pattern has ended. */
  takeovers(state: ClientState, nowMs: number): TakeoverStats {
    const sinceMs = onlineSince(state);
    return sinceMs !== undefined && this.takeover.isOver(nowMs - sinceMs) ? NO_TAKEOVERS : this.takeover.takeovers;
  }

  /**
   * Updates the takeover detector. A rejection or a close before CONNACK is no evidence: the attempt may have been too
   * early.
   */
  private judge(state: ClientState, nowMs: number): void {
    switch (state.kind) {
      case 'online':
        return this.takeover.closedByHub(nowMs - state.sinceMs, nowMs);
      case 'closing':
        return state.cause === 'refused' ? undefined : this.takeover.explained();
      case 'dialing':
        return this.takeover.explained();
      case 'awaitingConnack':
      case 'waiting':
      case 'stopped':
        return;
    }
  }
}

/**
 * Age of a boot up to which its first start is a result of the boot, ms: a slow board that checks its file system takes some
 * minutes. A gateway that is started later was started by a person.
 */
const BOOTING_MS_MAX = 300_000;

/**
 * Earliest time of the first CONNECT after a start. The hub allows one CONNECT per interval and also counts those of an
 * earlier process. The last attempt of that process is unknown: a failed attempt is not stored, and a process killed
 * just after its CONNECT has not stored it. So that attempt is assumed at the end of the process. After a boot there is a
 * random pause instead, because the other gateways of a region may have got power at the same time.
 * @param random uniform in [0, 1); called only for a start after a boot @returns monotonic ms, at or after `now.upMs`
 */
export function firstDialAtMs(
  { now: { upMs }, isFirstOfBoot }: Pick<StoreOpening, 'now' | 'isFirstOfBoot'>,
  { reconnectFloorMs, bootSpreadMs }: { readonly reconnectFloorMs: number; readonly bootSpreadMs: number },
  random: () => number,
): number {
  if (!isFirstOfBoot) return upMs + reconnectFloorMs;
  // the interval has passed already, unless the machine boots faster than the interval
  const earliestMs = Math.max(upMs, reconnectFloorMs);
  const isSpread = bootSpreadMs > 0 && upMs < BOOTING_MS_MAX;
  return isSpread ? earliestMs + Math.floor(random() * bootSpreadMs) : earliestMs;
}
