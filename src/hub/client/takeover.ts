/**
 * Detects two gateways with one identity. The hub accepts the newer connection and closes the older one without a
 * reason. Neither gateway is informed, and both reconnect at once, again and again. So the detection uses the pattern:
 * several accepted connections in a row that were closed from outside soon after CONNACK, with no failed attempt
 * between them.
 *
 * Limits: a hub or a middlebox that closes each connection soon after CONNACK looks the same. The duration of
 * connections does not help, because it depends on the pauses of the other gateway and may be as regular as a time
 * limit.
 *
 * Not counted: a close before CONNACK, since another gateway takes over only with an accepted CONNECT of its own; a
 * close that an unanswered packet of this gateway explains, until all unanswered packets were sent again and confirmed;
 * an unstable network, as long as an attempt fails or a connection ends by silence. A lost session is evidence for
 * another client that used a clean session. All facts are reported with the number; the technician decides.
 */

/** Connections in a row that were taken over, with the known facts. */
export interface TakeoverStats {
  /** 0: no pattern. */
  readonly times: number;
  /** Shortest and longest duration of these connections, ms. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** End of the first of them, monotonic ms. */
  readonly sinceMs: number;
  /** Number of reconnects at which the former session was missing. */
  readonly sessionsGone: number;
}

export const NO_TAKEOVERS: TakeoverStats = { times: 0, shortestMs: 0, longestMs: 0, sinceMs: 0, sessionsGone: 0 };

/** Number of closed connections in a row that counts as a takeover. */
const TAKEOVERS_MIN = 3;
/** Duration from which a connection does not count as taken over, ms. */
const SOON_MS = 60_000;
/**
 * Longest pause that leaves the connection to the other gateway, ms. A gateway that remains alone reconnects after the
 * pause.
 */
const PAUSE_MS_MAX = 15 * 60_000;

/** Longest time between an answer of the hub and a close caused by the answered packet. */
const GRACE_MS = 1000;
/**
 * Longest time from a packet without an answer to a close that this packet may have caused. The hub closes when it
 * reads the packet.
 */
const UNANSWERED_MS_MAX = 10_000;

/** A connection that the hub closed. */
interface EndedConnection {
  readonly lastedMs: number;
  /** Monotonic ms. */
  readonly endedAtMs: number;
}

/** Kind of a sent packet. `unanswered`: PUBLISH with QoS 0, which only a PINGRESP confirms. */
type Sending = 'answered' | 'unanswered';

/** Suspected packet that was sent last: unanswered, or answered at this time. */
type Suspect = 'none' | 'unanswered' | { readonly answeredAtMs: number };

export class TakeoverDetector {
  private readonly pauseMsMin: number;
  private readonly random: () => number;
  private seen = NO_TAKEOVERS;
  /** Last connection, if it ended with unanswered packets of this gateway. Counted once these packets are cleared. */
  private pending: EndedConnection | undefined;
  private lastPauseMs = 0;
  /** Number of unanswered packets that get an answer of their own. */
  private open = 0;
  /** Time of the last packet without an answer of its own that no PINGRESP covers yet. */
  private unansweredAtMs: number | undefined;
  private suspect: Suspect = 'none';
  private wasReported = false;

  /** @param pauseMsMin the longest pause without a takeover; @param random uniform in [0, 1) */
  constructor(pauseMsMin: number, random: () => number) {
    this.pauseMsMin = pauseMsMin;
    this.random = random;
  }

  get takeovers(): TakeoverStats {
    return this.seen.times < TAKEOVERS_MIN ? NO_TAKEOVERS : this.seen;
  }

  /** Returns true once when the pattern appears. */
  isNewlyDetected(): boolean {
    const isThere = this.takeovers.times > 0;
    const isNew = isThere && !this.wasReported;
    this.wasReported = isThere;
    return isNew;
  }

  /**
   * Handles a CONNACK that accepts the connection. The hub keeps the session of a connection that was taken over
   * [MQTT-3.1.2-4], so a missing session is counted as evidence.
   */
  connected(sessionPresent: boolean): void {
    const { times, sessionsGone } = this.seen;
    if (times > 0 && !sessionPresent) this.seen = { ...this.seen, sessionsGone: sessionsGone + 1 };
    this.open = 0;
    this.unansweredAtMs = undefined;
    this.suspect = 'none';
  }

  /**
   * Called for each packet on which the hub may close the connection. @param isSuspect true if the packet is suspected
   */
  sent(what: Sending, isSuspect: boolean, nowMs: number): void {
    if (what === 'answered') this.open += 1;
    else this.unansweredAtMs = nowMs;
    this.suspect = isSuspect ? 'unanswered' : 'none';
  }

  /** Handles the answer to a packet: PUBACK, SUBACK or UNSUBACK, or a PINGRESP for `unanswered`. */
  answered(what: Sending, nowMs: number): void {
    if (what === 'answered') this.open = Math.max(0, this.open - 1);
    else this.unansweredAtMs = undefined;
    if (this.suspect === 'unanswered') this.suspect = { answeredAtMs: nowMs };
  }

  /** Called when all packets that were unanswered at the last close are confirmed, so they did not cause the close. */
  cleared(): void {
    if (this.pending !== undefined) this.count(this.pending);
    this.pending = undefined;
  }

  /** True if a suspected packet would explain a close at `nowMs`. */
  isSuspectUnacknowledged(nowMs: number): boolean {
    if (typeof this.suspect === 'string') return this.suspect === 'unanswered';
    return nowMs - this.suspect.answeredAtMs < GRACE_MS;
  }

  /** Called when the hub closed an accepted connection. */
  closedByHub(lastedMs: number, nowMs: number): void {
    this.pending = undefined;
    if (this.isSuspectUnacknowledged(nowMs)) return;
    // an unanswered packet may be the cause of the close (`outbox/poison-detector.ts`)
    const atMs = this.unansweredAtMs;
    const isUnanswered = this.open > 0 || (atMs !== undefined && nowMs - atMs < UNANSWERED_MS_MAX);
    if (this.isOver(lastedMs)) this.seen = NO_TAKEOVERS;
    else if (isUnanswered) this.pending = { lastedMs, endedAtMs: nowMs };
    else this.count({ lastedMs, endedAtMs: nowMs });
  }

  /** Called when trouble of the network or of the hub explains the end. */
  explained(): void {
    this.seen = NO_TAKEOVERS;
    this.pending = undefined;
  }

  /** True if a connection lasted so long that no other client takes over. */
  isOver(lastedMs: number): boolean {
    return lastedMs >= Math.max(SOON_MS, 2 * this.lastPauseMs * Math.sign(this.takeovers.times));
  }

  /**
   * Returns the pause before the next attempt, ms. The pause doubles with each takeover. `undefined`: no pattern, usual
   * pause.
   */
  nextPauseMs(): number | undefined {
    if (this.takeovers.times === 0) return undefined;
    const widestMs = Math.min(PAUSE_MS_MAX, this.pauseMsMin * 2 ** (this.seen.times - TAKEOVERS_MIN + 1));
    this.lastPauseMs = widestMs * (1 + this.random()) * 0.5;
    return this.lastPauseMs;
  }

  private count({ lastedMs, endedAtMs }: EndedConnection): void {
    const { times, shortestMs, longestMs, sinceMs, sessionsGone } = this.seen;
    this.seen = {
      times: times + 1,
      shortestMs: times === 0 ? lastedMs : Math.min(shortestMs, lastedMs),
      longestMs: Math.max(longestMs, lastedMs),
      sinceMs: times === 0 ? endedAtMs : sinceMs,
      sessionsGone,
    };
  }
}
