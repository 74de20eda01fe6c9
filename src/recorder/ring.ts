/** Ring of byte records in one piece of memory. New records overwrite the oldest. */

/** Bytes of the length field before each record. */
const HEAD_BYTES = 4;
/** Copies without a view, which would be an allocation for each record. */
const { copy } = Buffer.prototype;

export class ByteRing {
  /** Memory of the records, allocated with the first record. */
  #memory: Buffer | undefined;
  readonly #bytesMax: number;
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
   * Adds a record: the first `length` bytes. @param record `undefined`: too large for any ring; all other records are
   * removed too, to avoid a gap
   */
  add(record: Uint8Array | undefined, length = record?.length ?? 0): void {
    const bytes = record === undefined ? Number.POSITIVE_INFINITY : length + HEAD_BYTES;
    while (this.#records > 0 && this.#usedBytes + bytes > this.#bytesMax) this.#forget();
    if (record === undefined || bytes > this.#bytesMax) {
      this.#forgotten += 1;
      return;
    }
    this.#memory ??= Buffer.alloc(this.#bytesMax);
    for (let rest = length, place = 0; place < HEAD_BYTES; place += 1, rest >>>= 8)
      this.#memory[this.#end(place)] = rest;
    const at = this.#end(HEAD_BYTES);
    const fitting = Math.min(length, this.#bytesMax - at);
    copy.call(record, this.#memory, at, 0, fitting);
    if (fitting < length) copy.call(record, this.#memory, 0, fitting, length);
    this.#usedBytes += bytes;
    this.#records += 1;
  }

  /** Records, oldest first, each in its own memory. */
  *read(): Generator<Buffer> {
    let at = this.#first;
    for (let left = this.#records; left > 0; left -= 1) {
      const length = this.#lengthAt(at);
      yield this.#copy(at + HEAD_BYTES, length);
      at += HEAD_BYTES + length;
    }
  }

  #forget(): void {
    const bytes = HEAD_BYTES + this.#lengthAt(this.#first);
    this.#first = (this.#first + bytes) % this.#bytesMax;
    this.#usedBytes -= bytes;
    this.#records -= 1;
    this.#forgotten += 1;
  }

  /** Position of a byte after the newest record. */
  #end(place: number): number {
    return (this.#first + this.#usedBytes + place) % this.#bytesMax;
  }

  #lengthAt(at: number): number {
    let length = 0;
    for (let place = HEAD_BYTES - 1; place >= 0; place -= 1)
      length = (length << 8) | (this.#memory?.[(at + place) % this.#bytesMax] ?? 0);
    return length;
  }

  #copy(from: number, length: number): Buffer {
    const memory = this.#memory ?? Buffer.alloc(0);
    const at = from % this.#bytesMax;
    const end = memory.subarray(at, at + length);
    const copied = Buffer.allocUnsafe(length);
    copied.set(end);
    copied.set(memory.subarray(0, length - end.length), end.length);
    return copied;
  }
}
