/**
 * Time that bytes need on a serial line, which a PTY does not have: a piece arrives when its last octet has arrived, and
 * pieces of one direction follow each other.
 */

/** Start bit, eight data bits, stop bit. */
export const BITS_PER_OCTET = 10;

export class LineClock {
  #freeAtUs = 0;

  /** @returns time of arrival of the last octet */
  carry(octets: number, baudRate: number, nowUs: number): number {
    this.#freeAtUs = Math.max(this.#freeAtUs, nowUs) + (octets * BITS_PER_OCTET * 1e6) / baudRate;
    return this.#freeAtUs;
  }
}
