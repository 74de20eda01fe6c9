/**
 * Two gateways with one identity: the hub lets in the newer and closes the older, without a word. Neither is told, and
 * both come back at once, for ever. So the pattern is what there is to go by: connections that were accepted and closed
 * from outside soon after, several in a row, while every attempt in between got through.
 *
 * What it cannot tell: a hub, or a middlebox, that closes each connection soon after letting it in looks the same: for how
 * long each lasted depends on the rival's pauses, and they may be as regular as a time limit. A close before CONNACK is no
 * rival's: it is let in only by a CONNECT of its own. Nor is a close that a packet of ours explains better: one that was
 * unanswered. It counts only after everything unanswered was sent again and survived. A network that flaps is none, as long as one attempt in between fails
 * or one connection dies of silence. That a session is gone in between speaks for somebody else, who wanted a clean one; so
 * what is known is told with the number, and the rest is the technician's.
 */
import type { Restorable } from '../../base/snapshot.ts';

/** Connections in a row that were taken from us, and what is known of them. */
export interface TakeoverStats {
  /** 0: no pattern. */
  readonly times: number;
  /** For how long they lasted. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Monotonic ms at which the first of them ended. */
  readonly sinceMs: number;
  /** So often the session that we had was not there when we came back. */
  readonly sessionsGone: number;
}

export const NO_TAKEOVERS: TakeoverStats = { times: 0, shortestMs: 0, longestMs: 0, sinceMs: 0, sessionsGone: 0 };

/** So many in a row are no accident. */
const SURE = 3;
/** A connection that lasted so long was not the one somebody else was waiting to take. */
const SOON_MS = 60_000;
/** The other one gets so long a turn at most, and whoever remains alone is back after that. */
const PAUSE_MS_MAX = 15 * 60_000;

/** A hub may answer a packet and close on it all the same, within this time. */
const GRACE_MS = 1000;
/** A hub that closes on a packet without an answer does so when it reads the packet. */
const UNANSWERED_MS_MAX = 10_000;

/** A connection that the hub closed. */
interface EndedConnection {
  readonly lastedMs: number;
  /** Monotonic. */
  readonly endedAtMs: number;
}

/** `unanswered`: PUBLISH with QoS 0, which only a PINGRESP shows to be survived. */
type Sending = 'answered' | 'unanswered';

/** A suspected packet that was sent last: it awaits its answer, or got it at this moment. */
type Suspect = 'none' | 'unanswered' | { readonly answeredAtMs: number };

export interface TakeoverSnapshot {
  readonly seen: TakeoverStats;
  readonly pending: EndedConnection | undefined;
  readonly lastPauseMs: number;
  readonly open: number;
  readonly unansweredAtMs: number | undefined;
  readonly suspect: Suspect;
  readonly wasReported: boolean;
}

export class TakeoverDetector implements Restorable<TakeoverSnapshot> {
  readonly #pauseMsMin: number;
  readonly #random: () => number;
  #seen = NO_TAKEOVERS;
  /** The last connection ended with packets of ours unanswered. Counts once they are cleared. */
  #pending: EndedConnection | undefined;
  #lastPauseMs = 0;
  /** Packets that await an answer of their own. */
  #open = 0;
  /** When the last one without an answer was sent that no PINGRESP covers yet. */
  #unansweredAtMs: number | undefined;
  #suspect: Suspect = 'none';
  #wasReported = false;

  /** @param pauseMsMin the longest pause without a rival; @param random uniform in [0, 1) */
  constructor(pauseMsMin: number, random: () => number) {
    this.#pauseMsMin = pauseMsMin;
    this.#random = random;
  }

  get takeovers(): TakeoverStats {
    return this.#seen.times < SURE ? NO_TAKEOVERS : this.#seen;
  }

  /** The pattern is there, and this was not said before. */
  isNews(): boolean {
    const isThere = this.takeovers.times > 0;
    const isNews = isThere && !this.#wasReported;
    this.#wasReported = isThere;
    return isNews;
  }

  /** CONNACK: accepted. The session of a connection that was taken from us had been kept for us [MQTT-3.1.2-4]. */
  connected(sessionPresent: boolean): void {
    const { times, sessionsGone } = this.#seen;
    if (times > 0 && !sessionPresent) this.#seen = { ...this.#seen, sessionsGone: sessionsGone + 1 };
    this.#open = 0;
    this.#unansweredAtMs = undefined;
    this.#suspect = 'none';
  }

  /** A packet has left that the hub may close the connection on. @param isSuspect there is reason to think so */
  sent(what: Sending, isSuspect: boolean, nowMs: number): void {
    if (what === 'answered') this.#open += 1;
    else this.#unansweredAtMs = nowMs;
    this.#suspect = isSuspect ? 'unanswered' : 'none';
  }

  /** PUBACK, SUBACK, UNSUBACK; PINGRESP for `unanswered`. */
  answered(what: Sending, nowMs: number): void {
    if (what === 'answered') this.#open = Math.max(0, this.#open - 1);
    else this.#unansweredAtMs = undefined;
    if (this.#suspect === 'unanswered') this.#suspect = { answeredAtMs: nowMs };
  }

  /** All that was unanswered at the last close has been survived: the close was not upon any of it. */
  cleared(): void {
    if (this.#pending !== undefined) this.#count(this.#pending);
    this.#pending = undefined;
  }

  /** A packet that is suspected would explain a close now. */
  isSuspectUnacknowledged(nowMs: number): boolean {
    if (typeof this.#suspect === 'string') return this.#suspect === 'unanswered';
    return nowMs - this.#suspect.answeredAtMs < GRACE_MS;
  }

  /** The hub closed a connection that it had accepted. */
  taken(lastedMs: number, nowMs: number): void {
    this.#pending = undefined;
    if (this.isSuspectUnacknowledged(nowMs)) return;
    // perhaps it was what we sent that it closed on (`outbox/poison-detector.ts`)
    const atMs = this.#unansweredAtMs;
    const isUnanswered = this.#open > 0 || (atMs !== undefined && nowMs - atMs < UNANSWERED_MS_MAX);
    if (this.isOver(lastedMs)) this.#seen = NO_TAKEOVERS;
    else if (isUnanswered) this.#pending = { lastedMs, endedAtMs: nowMs };
    else this.#count({ lastedMs, endedAtMs: nowMs });
  }

  /** The network is in trouble, or the hub is: that explains it. */
  explained(): void {
    this.#seen = NO_TAKEOVERS;
    this.#pending = undefined;
  }

  /** Has a connection lasted so long that nobody takes it any more? */
  isOver(lastedMs: number): boolean {
    return lastedMs >= Math.max(SOON_MS, 2 * this.#lastPauseMs * Math.sign(this.takeovers.times));
  }

  /** The pause before the next attempt, ms: doubles with each taking; `undefined`: no pattern, no pause of its own. */
  nextPauseMs(): number | undefined {
    if (this.takeovers.times === 0) return undefined;
    const widestMs = Math.min(PAUSE_MS_MAX, this.#pauseMsMin * 2 ** (this.#seen.times - SURE + 1));
    this.#lastPauseMs = widestMs * (1 + this.#random()) * 0.5;
    return this.#lastPauseMs;
  }

  snapshot(): TakeoverSnapshot {
    return {
      ...{ seen: this.#seen, pending: this.#pending, lastPauseMs: this.#lastPauseMs, open: this.#open },
      ...{ unansweredAtMs: this.#unansweredAtMs, suspect: this.#suspect, wasReported: this.#wasReported },
    };
  }

  restore(snapshot: TakeoverSnapshot): void {
    this.#seen = snapshot.seen;
    this.#pending = snapshot.pending;
    this.#lastPauseMs = snapshot.lastPauseMs;
    this.#open = snapshot.open;
    this.#unansweredAtMs = snapshot.unansweredAtMs;
    this.#suspect = snapshot.suspect;
    this.#wasReported = snapshot.wasReported;
  }

  #count({ lastedMs, endedAtMs }: EndedConnection): void {
    const { times, shortestMs, longestMs, sinceMs, sessionsGone } = this.#seen;
    this.#seen = {
      times: times + 1,
      shortestMs: times === 0 ? lastedMs : Math.min(shortestMs, lastedMs),
      longestMs: Math.max(longestMs, lastedMs),
      sinceMs: times === 0 ? endedAtMs : sinceMs,
      sessionsGone,
    };
  }
}
