/** Newest bytes of a line, kept so that their kind can be guessed. */

const BYTES_MAX = 512;

export class NewestBytes {
  readonly #memory = new Uint8Array(BYTES_MAX);
  #length = 0;

  add(bytes: Uint8Array): void {
    const newest = bytes.subarray(Math.max(0, bytes.length - BYTES_MAX));
    const kept = Math.min(this.#length, BYTES_MAX - newest.length);
    this.#memory.copyWithin(0, this.#length - kept, this.#length);
    this.#memory.set(newest, kept);
    this.#length = kept + newest.length;
  }

  /** Copy of the bytes, oldest first. */
  read(): Uint8Array {
    return this.#memory.slice(0, this.#length);
  }
}
