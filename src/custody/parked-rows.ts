/** Rows of one lane that were passed over because of an operator hold. They are counted only, and stay on disk. */
import type { PassedRows } from './row.ts';

export class ParkedRows {
  #rows = 0;
  #bytes = 0;
  /** Lowest number that a parked row can have. */
  #from = Number.POSITIVE_INFINITY;

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add({ rows, bytes, from }: Omit<PassedRows, 'lane'>): void {
    this.#rows += rows;
    this.#bytes += bytes;
    this.#from = Math.min(this.#from, from);
  }

  /** Removes one row that was dropped. */
  remove(bytes: number): void {
    this.#rows -= 1;
    this.#bytes -= bytes;
  }

  /** Removes all rows. */
  take(): Omit<PassedRows, 'lane'> {
    const taken = { rows: this.#rows, bytes: this.#bytes, from: this.#from };
    this.#rows = 0;
    this.#bytes = 0;
    this.#from = Number.POSITIVE_INFINITY;
    return taken;
  }
}
