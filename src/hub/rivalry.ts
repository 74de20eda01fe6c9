/**
 * Two gateways with one identity: the hub lets in the newer and closes the older, without a word. Neither is told, and
 * both come back at once, for ever. So the pattern is what there is to go by: connections that were accepted and closed
 * from outside soon after, several in a row, while every attempt in between got through.
 *
 * What it cannot tell: a hub, or a middlebox, that closes each connection soon after letting it in looks the same. A
 * network that flaps does not, as long as one attempt in between fails or one connection dies of silence.
 */
import type { Restorable } from '../base/snapshot.ts';

/** So many in a row are no accident. */
const SURE = 3;
/** A connection that lasted so long was not the one somebody else was waiting to take. */
const SOON_MS = 60_000;
/** The other one gets so long a turn at most, and whoever remains alone is back after that. */
const PAUSE_MS_MAX = 15 * 60_000;

export interface RivalrySnapshot {
  readonly takings: number;
  readonly lastPauseMs: number;
  readonly hasPublished: boolean;
  readonly hasAnswer: boolean;
  readonly hasSuspectInTheAir: boolean;
}

export class Rivalry implements Restorable<RivalrySnapshot> {
  readonly #pauseMsMin: number;
  readonly #random: () => number;
  #takings = 0;
  #lastPauseMs = 0;
  #hasPublished = false;
  #hasAnswer = false;
  #hasSuspectInTheAir = false;

  /** @param pauseMsMin the longest pause without a rival; @param random uniform in [0, 1) */
  constructor(pauseMsMin: number, random: () => number) {
    this.#pauseMsMin = pauseMsMin;
    this.#random = random;
  }

  /** Connections in a row that were taken from us; 0: no pattern. */
  get takings(): number {
    return this.#takings < SURE ? 0 : this.#takings;
  }

  /** CONNACK: accepted. */
  connected(): void {
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
    if (this.isOver(lastedMs)) this.#takings = 0;
    else this.#takings += 1;
  }

  /** The network is in trouble, or the hub is: that explains it. */
  explained(): void {
    this.#takings = 0;
  }

  /** Has a connection lasted so long that nobody takes it any more? */
  isOver(lastedMs: number): boolean {
    return lastedMs >= Math.max(SOON_MS, 2 * this.#lastPauseMs * Math.sign(this.takings));
  }

  /** The pause before the next attempt, ms: doubles with each taking; `undefined`: no pattern, no pause of its own. */
  nextPauseMs(): number | undefined {
    if (this.takings === 0) return undefined;
    const widestMs = Math.min(PAUSE_MS_MAX, this.#pauseMsMin * 2 ** (this.#takings - SURE + 1));
    this.#lastPauseMs = widestMs * (1 + this.#random()) * 0.5;
    return this.#lastPauseMs;
  }

  snapshot(): RivalrySnapshot {
    return {
      takings: this.#takings,
      lastPauseMs: this.#lastPauseMs,
      hasPublished: this.#hasPublished,
      hasAnswer: this.#hasAnswer,
      hasSuspectInTheAir: this.#hasSuspectInTheAir,
    };
  }

  restore(snapshot: RivalrySnapshot): void {
    this.#takings = snapshot.takings;
    this.#lastPauseMs = snapshot.lastPauseMs;
    this.#hasPublished = snapshot.hasPublished;
    this.#hasAnswer = snapshot.hasAnswer;
    this.#hasSuspectInTheAir = snapshot.hasSuspectInTheAir;
  }
}
