/**
 * Pace of chunks on one line: their octets take at most a share of its speed, so that data and acknowledgements find the
 * line free at least for the rest of the time. A late chunk is not made up for.
 */

/** Octets of a frame around the payload of a PUBLISH: header, topic, CRC-32, COBS, delimiters. */
const FRAME_BYTES = 20;

export class LinePace {
  readonly #share: number;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  /** @param share above 0, at most 1 */
  constructor(share: number) {
    this.#share = share;
  }

  /** Monotonic ms from which the next chunk may be sent. */
  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** @param bytesPerS present speed of the line: a live change of the configuration may change it */
  sent(payloadBytes: number, bytesPerS: number, nowMs: number): void {
    this.#nextAtMs = nowMs + ((payloadBytes + FRAME_BYTES) * 1000) / (bytesPerS * this.#share);
  }
}
