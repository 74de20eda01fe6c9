/**
 * Is the connection alive? Something is sent within the keep alive [MQTT-3.1.2-23], and a hub that has been silent for
 * half of it is asked. A PINGRESP that does not come means that the connection is dead, whatever TCP believes; but while
 * other packets come it may only be waiting behind them, as they are read no faster than they are stored.
 */
import type { Restorable } from '../../base/snapshot.ts';

export interface KeepAliveSnapshot {
  readonly sentAtMs: number;
  readonly lastReceivedAtMs: number;
  readonly deadlineMs: number | undefined;
}

/** A PINGRESP may wait so many times its usual wait behind other packets. */
const PATIENCE = 6;

export class KeepAlive implements Restorable<KeepAliveSnapshot> {
  readonly #keepAliveMs: number;
  readonly #answerMsMax: number;
  #sentAtMs = 0;
  #lastReceivedAtMs = 0;
  #deadlineMs: number | undefined;

  /** @param keepAliveMs 0 = nobody is asked; @param answerMsMax wait for PINGRESP */
  constructor(keepAliveMs: number, answerMsMax: number) {
    this.#keepAliveMs = keepAliveMs;
    this.#answerMsMax = answerMsMax;
  }

  sent(nowMs: number): void {
    this.#sentAtMs = nowMs;
  }

  onReceived(nowMs: number): void {
    this.#lastReceivedAtMs = nowMs;
  }

  answered(): void {
    this.#deadlineMs = undefined;
  }

  /** @returns whether a PINGREQ is to be sent: none is on its way */
  ask(nowMs: number): boolean {
    if (this.#deadlineMs !== undefined) return false;
    this.#deadlineMs = nowMs + this.#answerMsMax;
    return true;
  }

  isDead(nowMs: number): boolean {
    const deadMs = this.#deadMs();
    return deadMs !== undefined && nowMs >= deadMs;
  }

  mustAsk(nowMs: number): boolean {
    const askAtMs = this.#askAtMs();
    return askAtMs !== undefined && nowMs >= askAtMs;
  }

  /** When `isDead` or `mustAsk` may turn true. */
  get wakeAtMs(): number | undefined {
    return this.#deadMs() ?? this.#askAtMs();
  }

  snapshot(): KeepAliveSnapshot {
    return { sentAtMs: this.#sentAtMs, lastReceivedAtMs: this.#lastReceivedAtMs, deadlineMs: this.#deadlineMs };
  }

  restore({ sentAtMs, lastReceivedAtMs, deadlineMs }: KeepAliveSnapshot): void {
    this.#sentAtMs = sentAtMs;
    this.#lastReceivedAtMs = lastReceivedAtMs;
    this.#deadlineMs = deadlineMs;
  }

  #deadMs(): number | undefined {
    if (this.#deadlineMs === undefined) return undefined;
    const latestMs = this.#deadlineMs + (PATIENCE - 1) * this.#answerMsMax;
    return Math.min(Math.max(this.#deadlineMs, this.#lastReceivedAtMs + this.#answerMsMax), latestMs);
  }

  #askAtMs(): number | undefined {
    if (this.#keepAliveMs === 0 || this.#deadlineMs !== undefined) return undefined;
    return Math.min(this.#sentAtMs, this.#lastReceivedAtMs) + this.#keepAliveMs / 2;
  }
}
