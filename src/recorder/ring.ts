/** Ring of byte records in one piece of memory. New records overwrite the oldest. */

/** Bytes of the length field before each record. */
const HEAD_BYTES = 4;

export class ByteRing {
  /** Memory of the records, allocated with the first record. */
  #memory: Buffer | undefined;
  readonly #bytesMax: number;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  /** Position of the oldest record. */
  #first = 0;
  #usedBytes = 0;
  #records = 0;
  #forgotten = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Number of overwritten records. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Removes all records and resets the counter. */
  clear(): void {
    this.#first = 0;
    this.#usedBytes = 0;
    this.#records = 0;
    this.#forgotten = 0;
  }

  /**
   * Adds a record. @param record `undefined`: too large for any ring; all other records are removed too, to avoid a gap
   */
  add(record: Uint8Array | undefined): void {
    const bytes = (record?.length ?? Number.POSITIVE_INFINITY) + HEAD_BYTES;
    while (this.#records > 0 && this.#usedBytes + bytes > this.#bytesMax) this.#forget();
    if (record === undefined || bytes > this.#bytesMax) {
      this.#forgotten += 1;
      return;
    }
    this.#head.writeUInt32LE(record.length);
    this.#write(this.#head);
    this.#write(record);
    this.#records += 1;
  }

  /** Records, oldest first, each in its own memory. */
  *read(): Generator<Buffer> {
    let at = this.#first;
    for (let left = this.#records; left > 0; left -= 1) {
      const length = this.#copy(at, HEAD_BYTES).readUInt32LE();
      yield this.#copy(at + HEAD_BYTES, length);
      at += HEAD_BYTES + length;
    }
  }

  #forget(): void {
    const bytes = HEAD_BYTES + this.#copy(this.#first, HEAD_BYTES).readUInt32LE();
    this.#first = (this.#first + bytes) % this.#bytesMax;
    this.#usedBytes -= bytes;
    this.#records -= 1;
    this.#forgotten += 1;
  }

  #write(bytes: Uint8Array): void {
    this.#memory ??= Buffer.alloc(this.#bytesMax);
    const at = (this.#first + this.#usedBytes) % this.#bytesMax;
    const fitting = Math.min(bytes.length, this.#bytesMax - at);
    this.#memory.set(fitting === bytes.length ? bytes : bytes.subarray(0, fitting), at);
    if (fitting < bytes.length) this.#memory.set(bytes.subarray(fitting), 0);
    this.#usedBytes += bytes.length;
  }

  #copy(from: number, length: number): Buffer {
    const memory = this.#memory ?? Buffer.alloc(0);
    const at = from % this.#bytesMax;
    const end = memory.subarray(at, at + length);
    const copy = Buffer.allocUnsafe(length);
    copy.set(end);
    copy.set(memory.subarray(0, length - end.length), end.length);
    return copy;
  }
}
