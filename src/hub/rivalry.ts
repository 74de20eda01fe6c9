/**
 * Two gateways with one identity: the hub lets in the newer and closes the older, without a word. Neither is told, and
 * both come back at once, for ever. So the pattern is what there is to go by: connections that were accepted and closed
 * from outside soon after, several in a row, while every attempt in between got through.
 *
 * What it cannot tell: a hub, or a middlebox, that closes each connection soon after letting it in looks the same: for how
 * long each lasted depends on the rival's pauses, and they may be as regular as a time limit. A close before CONNACK is no
 * rival's: it is let in only by a CONNECT of its own. A network that flaps is none, as long as one attempt in between fails
 * or one connection dies of silence. That a session is gone in between speaks for somebody else, who wanted a clean one; so
 * what is known is told with the number, and the rest is the technician's.
 */
import type { Restorable } from '../base/snapshot.ts';

/** Connections in a row that were taken from us, and what is known of them. */
export interface Takings {
  /** 0: no pattern. */
  readonly times: number;
  /** For how long they lasted. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** So often the session that we had was not there when we came back. */
  readonly sessionsGone: number;
}

export const NO_TAKINGS: Takings = { times: 0, shortestMs: 0, longestMs: 0, sessionsGone: 0 };

/** So many in a row are no accident. */
const SURE = 3;
/** A connection that lasted so long was not the one somebody else was waiting to take. */
const SOON_MS = 60_000;
/** The other one gets so long a turn at most, and whoever remains alone is back after that. */
const PAUSE_MS_MAX = 15 * 60_000;

export interface RivalrySnapshot {
  readonly seen: Takings;
  readonly lastPauseMs: number;
  readonly hasPublished: boolean;
  readonly hasAnswer: boolean;
  readonly hasSuspectInTheAir: boolean;
}

export class Rivalry implements Restorable<RivalrySnapshot> {
  readonly #pauseMsMin: number;
  readonly #random: () => number;
  #seen = NO_TAKINGS;
  #lastPauseMs = 0;
  #hasPublished = false;
  #hasAnswer = false;
  #hasSuspectInTheAir = false;

  /** @param pauseMsMin the longest pause without a rival; @param random uniform in [0, 1) */
  constructor(pauseMsMin: number, random: () => number) {
    this.#pauseMsMin = pauseMsMin;
    this.#random = random;
  }

  get takings(): Takings {
    return this.#seen.times < SURE ? NO_TAKINGS : this.#seen;
  }

  /** CONNACK: accepted. The session of a connection that was taken from us had been kept for us [MQTT-3.1.2-4]. */
  connected(sessionPresent: boolean): void {
    const { times, sessionsGone } = this.#seen;
    if (times > 0 && !sessionPresent) this.#seen = { ...this.#seen, sessionsGone: sessionsGone + 1 };
    this.#hasPublished = false;
    this.#hasAnswer = false;
    this.#hasSuspectInTheAir = false;
  }

  /** A QoS 1 PUBLISH has left. @param isSuspect the hub may close the connection on it */
  published(isSuspect: boolean): void {
    this.#hasPublished = true;
    this.#hasSuspectInTheAir = isSuspect;
  }

  /** PUBACK. */
  answered(): void {
    this.#hasAnswer = true;
    this.#hasSuspectInTheAir = false;
  }

  /** The hub closed a connection that it had accepted. */
  taken(lastedMs: number): void {
    // perhaps it was what we sent that it closed on (`outbox/suspicion.ts`)
    if (this.#hasSuspectInTheAir || (this.#hasPublished && !this.#hasAnswer)) return;
    const { times, shortestMs, longestMs, sessionsGone } = this.#seen;
    if (this.isOver(lastedMs)) this.#seen = NO_TAKINGS;
    else
      this.#seen = {
        times: times + 1,
        shortestMs: times === 0 ? lastedMs : Math.min(shortestMs, lastedMs),
        longestMs: Math.max(longestMs, lastedMs),
        sessionsGone,
      };
  }

  /** The network is in trouble, or the hub is: that explains it. */
  explained(): void {
    this.#seen = NO_TAKINGS;
  }

  /** Has a connection lasted so long that nobody takes it any more? */
  isOver(lastedMs: number): boolean {
    return lastedMs >= Math.max(SOON_MS, 2 * this.#lastPauseMs * Math.sign(this.takings.times));
  }

  /** The pause before the next attempt, ms: doubles with each taking; `undefined`: no pattern, no pause of its own. */
  nextPauseMs(): number | undefined {
    if (this.takings.times === 0) return undefined;
    const widestMs = Math.min(PAUSE_MS_MAX, this.#pauseMsMin * 2 ** (this.#seen.times - SURE + 1));
    this.#lastPauseMs = widestMs * (1 + this.#random()) * 0.5;
    return this.#lastPauseMs;
  }

  snapshot(): RivalrySnapshot {
    return {
      seen: this.#seen,
      lastPauseMs: this.#lastPauseMs,
      hasPublished: this.#hasPublished,
      hasAnswer: this.#hasAnswer,
      hasSuspectInTheAir: this.#hasSuspectInTheAir,
    };
  }

  restore(snapshot: RivalrySnapshot): void {
    this.#seen = snapshot.seen;
    this.#lastPauseMs = snapshot.lastPauseMs;
    this.#hasPublished = snapshot.hasPublished;
    this.#hasAnswer = snapshot.hasAnswer;
    this.#hasSuspectInTheAir = snapshot.hasSuspectInTheAir;
  }
}
