/**
 * Times at which a simulated subdevice sends a PINGREQ, and at which it considers the gateway gone. Source: MQTT-SN 1.2
 * §6.11.
 */
interface KeepAliveTimes {
  /** Keep alive in ms. 0: none. */
  readonly keepAliveMs: number;
  /** Pause before an unanswered PINGREQ is sent again. */
  readonly retryMs: number;
}

/**
 * Silence after which the subdevice connects again, as a multiple of the keep alive. In that time, one PINGREQ was sent
 * and repeated.
 */
const SILENCE_MAX = 2;

export class SubdeviceKeepAlive {
  readonly #times: KeepAliveTimes;
  #lastReceivedMs = 0;
  #sentMs = 0;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(times: KeepAliveTimes) {
    this.#times = times;
  }

  onReceived(nowMs: number): void {
    this.#lastReceivedMs = nowMs;
  }

  sent(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  /** Records a sent PINGREQ. */
  asked(nowMs: number): void {
    this.#askedMs = nowMs;
  }

  /**
   * Time of the next PINGREQ: as soon as the subdevice has sent nothing, or has received nothing, for the keep alive.
   */
  pingAtMs(): number | undefined {
    const { keepAliveMs, retryMs } = this.#times;
    if (keepAliveMs === 0) return undefined;
    return Math.min(this.#sentMs + keepAliveMs, Math.max(this.#lastReceivedMs + keepAliveMs, this.#askedMs + retryMs));
  }

  isOver(nowMs: number): boolean {
    const { keepAliveMs } = this.#times;
    return keepAliveMs > 0 && nowMs - this.#lastReceivedMs >= keepAliveMs * SILENCE_MAX;
  }
}
