/** Complete image on the disk. Its CRC-32 is checked once in each process, before the first bytes are handed out. */
import { constants, lstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { readThrough } from './image-check.ts';

/** O_NONBLOCK: a FIFO with this name must not block. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class StoredImage {
  /** CRC-32 of the image, from its name. */
  readonly crc: number;
  readonly #path: string;
  readonly #size: number;
  /** Result of the check of the CRC-32. `undefined`: not begun. */
  #isRight: Promise<boolean> | undefined;

  constructor(path: string, size: number, crc: number) {
    this.#path = path;
    this.#size = size;
    this.crc = crc;
  }

  /** Notes that the digests were checked just now. */
  trust(): this {
    this.#isRight = Promise.resolve(true);
    return this;
  }

  /** True if the file exists and has the right size. */
  isThere(): boolean {
    try {
      const found = lstatSync(this.#path, { throwIfNoEntry: false });
      return found?.isFile() === true && found.size === this.#size;
    } catch {
      return false;
    }
  }

  /** @returns `undefined` if the bytes cannot be read or the image is damaged */
  async read(offset: number, bytes: number): Promise<Uint8Array | undefined> {
    try {
      const file = await open(this.#path, FLAGS);
      try {
        if ((await file.stat()).size !== this.#size) return undefined;
        this.#isRight ??= this.#check(file);
        return (await this.#isRight) ? await readPart(file, offset, bytes) : undefined;
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  async #check(file: FileHandle): Promise<boolean> {
    return (await readThrough(file, this.#size)) === this.crc;
  }
}

async function readPart(file: FileHandle, offset: number, bytes: number): Promise<Uint8Array | undefined> {
  const octets = new Uint8Array(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(octets, done, bytes - done, offset + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return octets;
}
