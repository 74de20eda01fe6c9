/**
 * Transfer of one image to one subdevice. The subdevice pulls: each GET confirms the octets before its offset and permits
 * a window of chunks from there. Without a GET nothing is sent, so a subdevice that restarts or is slow decides itself
 * where and when the transfer goes on.
 *
 *        0 ── confirmed ── next ── permitted ── size
 *                           └ next chunk
 *
 * Octets are read ahead from the disk in blocks, and the chunks are cut from them. Invariant: at most `BLOCK_BYTES` of
 * an image are in memory per subdevice.
 */
import type { FirmwareUpMessage } from '../codec/firmware-messages.ts';

/** Bytes read at once: a slow line needs a second for them, and the disk some ms. */
const BLOCK_BYTES = 4096;
/** Time over which the rate is averaged, ms. */
const RATE_MS = 10_000;

type GetMessage = Extract<FirmwareUpMessage, { kind: 'get' }>;

/** Part of an image. */
export interface ImagePart {
  readonly offset: number;
  readonly bytes: number;
}

export interface ImageChunk {
  readonly offset: number;
  readonly octets: Uint8Array;
}

export class ImageTransfer {
  /** CRC-32 of the image. */
  readonly image: number;
  readonly #size: number;
  #confirmed = 0;
  #next = 0;
  #permitted = 0;
  #chunkBytes = 1;
  /** Largest chunk that the link can carry, learned from chunks that were too large. */
  #chunkBytesMax = Number.POSITIVE_INFINITY;
  #block: ImageChunk = { offset: 0, octets: new Uint8Array(0) };
  #reading: ImagePart | undefined;
  #isAsked = false;
  #rateFrom: { readonly atMs: number; readonly confirmed: number } | undefined;
  #bytesPerS: number | undefined;

  /** @param size bytes of the image */
  constructor(image: number, size: number) {
    this.image = image;
    this.#size = size;
  }

  /** Number of octets that the subdevice has confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Rate of the last seconds. `undefined`: unknown. */
  get bytesPerS(): number | undefined {
    return this.#bytesPerS;
  }

  /** @returns false if the GET is not possible for this image */
  get(message: GetMessage, nowMs: number): boolean {
    const { isAgain, window, chunkBytes, offset } = message;
    if (message.image !== this.image || offset > this.#size) return false;
    if (isAgain || offset < this.#confirmed || offset > this.#next) this.#next = offset;
    this.#isAsked = true;
    this.#note(offset, nowMs);
    this.#confirmed = offset;
    this.#chunkBytes = Math.min(chunkBytes, this.#chunkBytesMax);
    this.#permitted = Math.min(this.#size, offset + window * this.#chunkBytes);
    return true;
  }

  /** Called when the subdevice has connected again. Nothing is sent before its next GET. */
  pause(): void {
    this.#next = this.#confirmed;
    this.#permitted = this.#confirmed;
    this.#isAsked = false;
    this.#rateFrom = undefined;
    this.#bytesPerS = undefined;
  }

  /** Part to read before the next chunk. `undefined`: none, or one is being read. */
  toRead(): ImagePart | undefined {
    if (this.#reading !== undefined || this.#next >= this.#permitted || this.#buffered() > 0) return undefined;
    this.#reading = { offset: this.#next, bytes: Math.min(BLOCK_BYTES, this.#size - this.#next) };
    return this.#reading;
  }

  /** @param octets of the part that `toRead` returned; `undefined`: it could not be read */
  wasRead(octets: Uint8Array | undefined): void {
    if (this.#reading !== undefined && octets !== undefined) this.#block = { offset: this.#reading.offset, octets };
    this.#reading = undefined;
  }

  /** True if the subdevice has asked for chunks since it connected. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** True if a chunk may be sent. */
  get isReady(): boolean {
    return this.#next < this.#permitted && this.#buffered() > 0;
  }

  /** Returns the next chunk, which counts as sent. `undefined`: none may be sent, or its octets were not read yet. */
  next(): ImageChunk | undefined {
    const bytes = Math.min(this.#chunkBytes, this.#buffered(), this.#permitted - this.#next);
    if (bytes <= 0) return undefined;
    const offset = this.#next;
    const start = offset - this.#block.offset;
    this.#next += bytes;
    return { offset, octets: this.#block.octets.subarray(start, start + bytes) };
  }

  /** Called when the last chunk was too large for the link. @param excess number of bytes above the limit */
  tooLarge({ offset, octets }: ImageChunk, excess: number): void {
    this.#chunkBytesMax = Math.max(1, octets.length - excess);
    this.#chunkBytes = Math.min(this.#chunkBytes, this.#chunkBytesMax);
    this.#next = offset;
  }

  /** Number of octets in memory from the next one. */
  #buffered(): number {
    const { offset, octets } = this.#block;
    return this.#next < offset ? 0 : Math.max(0, offset + octets.length - this.#next);
  }

  #note(confirmed: number, nowMs: number): void {
    const from = this.#rateFrom;
    if (from === undefined || confirmed < from.confirmed) this.#rateFrom = { atMs: nowMs, confirmed };
    else if (nowMs - from.atMs >= RATE_MS) {
      this.#bytesPerS = ((confirmed - from.confirmed) * 1000) / (nowMs - from.atMs);
      this.#rateFrom = { atMs: nowMs, confirmed };
    }
  }
}
