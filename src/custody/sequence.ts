/**
 * Message numbers. The numbers increase, and no number is used twice, not even after a crash that lost messages in RAM.
 * So the numbers are reserved on disk in blocks, and each block is reserved long before it is needed.
 */
export const SEQ_BLOCK = 2 ** 24;

export class Sequence {
  #next: number;
  #reservedTo: number;
  readonly #reserve: (reservedTo: number) => void;

  /** @param next first free number. The opening of the store has reserved the block that begins with this number */
  constructor(next: number, reserve: (reservedTo: number) => void) {
    this.#next = next;
    this.#reservedTo = next + SEQ_BLOCK;
    this.#reserve = reserve;
  }

  get last(): number {
    return this.#next - 1;
  }

  take(): number {
    const seq = this.#next;
    this.#next += 1;
    if (this.#next > this.#reservedTo - SEQ_BLOCK / 2) {
      this.#reservedTo += SEQ_BLOCK;
      this.#reserve(this.#reservedTo);
    }
    return seq;
  }
}
