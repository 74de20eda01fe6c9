/**
 * Keep alive of a connection. A packet is sent within the keep alive interval [MQTT-3.1.2-23], and a PINGREQ is sent to
 * a hub that has been silent for half of the interval. A missing PINGRESP means that the connection is dead, for any
 * state of TCP. While other packets arrive, the PINGRESP may only be waiting behind them, because packets are read
 * no faster than they are stored.
 */

/** Largest wait for a PINGRESP behind other packets, as a multiple of the usual wait. */
const BUSY_WAIT_FACTOR = 6;

export class KeepAlive {
  private readonly keepAliveMs: number;
  private readonly answerMsMax: number;
  private sentAtMs = 0;
  private lastReceivedAtMs = 0;
  private deadlineMs: number | undefined;

  /** @param keepAliveMs 0: no PINGREQ is sent; @param answerMsMax wait for PINGRESP */
  constructor(keepAliveMs: number, answerMsMax: number) {
    this.keepAliveMs = keepAliveMs;
    this.answerMsMax = answerMsMax;
  }

  sent(nowMs: number): void {
    this.sentAtMs = nowMs;
  }

  onReceived(nowMs: number): void {
    this.lastReceivedAtMs = nowMs;
  }

  answered(): void {
    this.deadlineMs = undefined;
  }

  /** Starts the wait for a PINGRESP. @returns whether a PINGREQ must be sent: no other one is unanswered */
  ask(nowMs: number): boolean {
    if (this.deadlineMs !== undefined) return false;
    this.deadlineMs = nowMs + this.answerMsMax;
    return true;
  }

  isDead(nowMs: number): boolean {
    const deadMs = this.deadMs();
    return deadMs !== undefined && nowMs >= deadMs;
  }

  mustAsk(nowMs: number): boolean {
    const askAtMs = this.askAtMs();
    return askAtMs !== undefined && nowMs >= askAtMs;
  }

  /**
   * Last packet from the hub, and the longest silence after it at which the connection is still open: half of the keep
   * alive until the PINGREQ, then the longest wait for its PINGRESP. `undefined`: silence is not limited.
   */
  get silence(): { readonly sinceMs: number; readonly msMax: number } | undefined {
    if (this.keepAliveMs === 0) return undefined;
    return { sinceMs: this.lastReceivedAtMs, msMax: this.keepAliveMs / 2 + BUSY_WAIT_FACTOR * this.answerMsMax };
  }

  /** Time at which `isDead` or `mustAsk` may become true, monotonic ms. */
  get wakeAtMs(): number | undefined {
    return this.deadMs() ?? this.askAtMs();
  }

  private deadMs(): number | undefined {
    if (this.deadlineMs === undefined) return undefined;
    const latestMs = this.deadlineMs + (BUSY_WAIT_FACTOR - 1) * this.answerMsMax;
    return Math.min(Math.max(this.deadlineMs, this.lastReceivedAtMs + this.answerMsMax), latestMs);
  }

  private askAtMs(): number | undefined {
    if (this.keepAliveMs === 0 || this.deadlineMs !== undefined) return undefined;
    return Math.min(this.sentAtMs, this.lastReceivedAtMs) + this.keepAliveMs / 2;
  }
}
