/** Bytes after the last delimiter. They are reported after a time, and again when more have come. */

/**
 * Shortest time after which an unfinished line is reported, ms. It is longer for a line that takes longer: a device
 * writes a line without pauses.
 */
const UNENDED_MS = 5000;
/** Bits of one byte on the line at most: start bit, eight bits, parity, and a stop bit. */
const BITS_PER_BYTE = 11;

export class UnendedWatch {
  private readonly afterMs: number;
  private reportedBytes = 0;
  private reportAtMs: number | undefined;

  /** @param lineBytesMax largest length of a line @param baudRate bits per second */
  constructor(lineBytesMax: number, baudRate: number) {
    this.afterMs = Math.max(UNENDED_MS, (lineBytesMax * BITS_PER_BYTE * 1000) / baudRate);
  }

  /** Called after bytes were read. @param unendedBytes number of bytes since the last line @param hasEnded a line ended */
  read(unendedBytes: number, hasEnded: boolean, nowMs: number): void {
    if (hasEnded || unendedBytes < this.reportedBytes || unendedBytes === 0) this.reset();
    if (unendedBytes > this.reportedBytes) this.reportAtMs ??= nowMs + this.afterMs;
  }

  /** @returns the number of bytes to report now; 0: none */
  due(unendedBytes: number, nowMs: number): number {
    if (this.reportAtMs === undefined || nowMs < this.reportAtMs) return 0;
    const count = unendedBytes - this.reportedBytes;
    this.reportedBytes = unendedBytes;
    this.reportAtMs = undefined;
    return count;
  }

  wakeAtMs(): number | undefined {
    return this.reportAtMs;
  }

  reset(): void {
    this.reportedBytes = 0;
    this.reportAtMs = undefined;
  }
}
