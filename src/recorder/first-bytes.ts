/** First bytes of each connection of a line, kept so that a greeting of the other end can be recognised. */

/** Length of a greeting that is enough to recognise its protocol. */
const BYTES_MAX = 16;

export class FirstBytes {
  #memory: Uint8Array = new Uint8Array(0);
  #isNew = true;

  /** Called when a connection is opened. The bytes of the last one are kept until new ones arrive. */
  restart(): void {
    this.#isNew = true;
  }

  add(bytes: Uint8Array): void {
    const kept = this.#isNew ? new Uint8Array(0) : this.#memory;
    this.#isNew = false;
    if (kept.length < BYTES_MAX)
      this.#memory = Uint8Array.from([...kept, ...bytes.subarray(0, BYTES_MAX - kept.length)]);
  }

  /** Bytes of the present connection, or of the last one that had any. */
  get bytes(): Uint8Array {
    return this.#memory;
  }
}
