/**
 * Image that is being downloaded: the file `NAME.part` with room for all its bytes, and the small file `NAME.progress`
 * with the number of its durable bytes. The number is written only after the bytes were synced, so that a power cut at
 * any moment leaves a number of bytes that are right.
 *
 *     open ──▶ room reserved ──▶ write … sync, progress … ──▶ check ──▶ complete   (renamed, with its CRC-32)
 *                                                               └─────▶ discard
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageDigest } from '../../base/firmware.ts';
import { readBeginning, writeDurablyInBackground } from '../durable/small-file.ts';
import { reserveRoom } from '../libc.ts';
import { failedForNow } from './download-failed.ts';
import { checkImage } from './image-check.ts';
import { completeName, partName, progressName } from './image-names.ts';

/** Step in which the written bytes are synced and their number is stored. */
const SYNC_BYTES = 256 * 1024;
const FORMAT = 1;
/** Largest length of an entity tag or date that is stored. */
const VALIDATOR_LENGTH_MAX = 256;
/** Numbers of <asm-generic/errno.h>. */
const EINTR = 4;
const ENOSPC = 28;
const EDQUOT = 122;

/** Progress of a download in an earlier process or attempt. */
export interface ImageProgress {
  readonly bytes: number;
  /** Entity tag or date of the image at the server, for `If-Range`. `undefined`: the server sent none. */
  readonly validator: string | undefined;
}

export interface PartialImageOptions {
  readonly folder: string;
  readonly image: ImageDigest;
  /** Bytes of the file system that stay free for messages. */
  readonly keepFreeBytes: number;
  /** Called with the number of durable bytes when it has changed. */
  readonly progressed: (bytes: number) => void;
  /** Syncs the bytes of the file. Replaced in tests only. */
  readonly syncBytes?: ((file: FileHandle) => Promise<void>) | undefined;
}

/** Reads the progress of an image. A file that is missing or damaged means 0 bytes. Never throws. */
export function readImageProgress(folder: string, image: ImageDigest): ImageProgress {
  const nothing = { bytes: 0, validator: undefined };
  try {
    const found: unknown = JSON.parse(readBeginning(join(folder, progressName(image))) ?? '');
    const { format, bytes, validator } = Object(found) as Partial<Record<string, unknown>>;
    if (format !== FORMAT || !Number.isSafeInteger(bytes)) return nothing;
    const count = Number(bytes);
    if (count < 0 || count > image.size) return nothing;
    return { bytes: count, validator: isValidator(validator) ? validator : undefined };
  } catch {
    return nothing;
  }
}

/** True for a text that can be sent in a header: visible characters of ASCII and blanks. */
export function isValidator(found: unknown): found is string {
  return typeof found === 'string' && found.length <= VALIDATOR_LENGTH_MAX && /^[\x20-\x7e]+$/.test(found);
}

export class PartialImage {
  readonly #options: PartialImageOptions;
  readonly #file: FileHandle;
  #bytes: number;
  #validator: string | undefined;
  #durableBytes: number;

  /** @throws DownloadFailed if there is no room, or the error of the file system */
  static async open(options: PartialImageOptions): Promise<PartialImage> {
    const { folder, image } = options;
    const path = join(folder, partName(image));
    const found = await existingFile(path);
    const progress = found === undefined ? NOTHING : readImageProgress(folder, image);
    const usable = found !== undefined && progress.bytes <= found.size ? progress : NOTHING;
    if (usable.bytes === 0) await forgetProgress(options);
    await expectRoom(options, found?.allocatedBytes ?? 0);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    try {
      await reserve(file, image.size);
    } catch (error) {
      await file.close();
      // the room of an incomplete reservation is needed by others
      await forgetProgress(options);
      await rm(path, { force: true });
      throw error;
    }
    return new PartialImage(options, file, usable);
  }

  private constructor(options: PartialImageOptions, file: FileHandle, { bytes, validator }: ImageProgress) {
    this.#options = options;
    this.#file = file;
    this.#bytes = bytes;
    this.#durableBytes = bytes;
    this.#validator = validator;
    options.progressed(bytes);
  }

  /** Number of bytes that were written. */
  get bytes(): number {
    return this.#bytes;
  }

  get missingBytes(): number {
    return this.#options.image.size - this.#bytes;
  }

  get validator(): string | undefined {
    return this.#validator;
  }

  /** Forgets the bytes until now, before other bytes are written over them. */
  async restart(): Promise<void> {
    this.#bytes = 0;
    this.#validator = undefined;
    if (this.#durableBytes > 0) await this.#storeProgress();
  }

  /** Notes the entity tag or date of the image at the server. Stored with the next progress. */
  note(validator: string | undefined): void {
    this.#validator = validator;
  }

  /** Writes the next bytes. The caller sees to the size. Each multiple of `SYNC_BYTES` is made durable. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const piece = chunk.subarray(done, done + SYNC_BYTES - (this.#bytes % SYNC_BYTES));
      await writeAll(this.#file, piece, this.#bytes);
      this.#bytes += piece.length;
      done += piece.length;
      if (this.#bytes % SYNC_BYTES === 0) await this.sync();
    }
  }

  /** Makes the bytes until now durable, and then their number. */
  async sync(): Promise<void> {
    if (this.#durableBytes === this.#bytes) return;
    const { syncBytes = (file: FileHandle) => file.datasync() } = this.#options;
    await syncBytes(this.#file);
    await this.#storeProgress();
  }

  /** Returns the CRC-32 of the image, or `undefined` if its size or a digest is wrong. */
  async check(): Promise<number | undefined> {
    return checkImage(this.#file, this.#options.image);
  }

  /** Gives the file its final name. The image is complete and durable when the promise resolves. */
  async complete(crc: number): Promise<void> {
    const { folder, image } = this.#options;
    await this.#file.sync();
    await rename(join(folder, partName(image)), join(folder, completeName(image, crc)));
    await syncEntries(folder);
    await rm(join(folder, progressName(image)), { force: true });
  }

  /** Removes the bytes and the progress. */
  async discard(): Promise<void> {
    const { folder, image, progressed } = this.#options;
    await forgetProgress(this.#options);
    await rm(join(folder, partName(image)), { force: true });
    progressed(0);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #storeProgress(): Promise<void> {
    const { folder, image, progressed } = this.#options;
    const bytes = this.#bytes;
    const text = JSON.stringify({ format: FORMAT, bytes, validator: this.#validator });
    await writeDurablyInBackground(folder, progressName(image), `${text}\n`);
    this.#durableBytes = bytes;
    progressed(bytes);
  }
}

const NOTHING: ImageProgress = { bytes: 0, validator: undefined };
const BLOCK_BYTES = 512;

interface ExistingPart {
  readonly size: number;
  readonly allocatedBytes: number;
}

/** Removes what is no file of this folder alone: links, also hard ones, and folders. */
async function existingFile(path: string): Promise<ExistingPart | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isFile() && found.nlink === 1) return { size: found.size, allocatedBytes: found.blocks * BLOCK_BYTES };
  await rm(path, { force: true, recursive: true });
  return undefined;
}

/** Removes a number of bytes that are no longer right. The file may get other bytes when the promise resolves. */
async function forgetProgress({ folder, image }: PartialImageOptions): Promise<void> {
  const path = join(folder, progressName(image));
  if ((await lstat(path).catch(() => undefined)) === undefined) return;
  await rm(path, { force: true, recursive: true });
  await syncEntries(folder);
}

async function expectRoom(
  { folder, image, keepFreeBytes }: PartialImageOptions,
  allocatedBytes: number,
): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const missing = Math.max(0, image.size - allocatedBytes);
  if (missing === 0 || bavail * bsize >= missing + keepFreeBytes) return;
  throw failedForNow(
    `the disk has no room for the image: ${mib(bavail * bsize)} are free, the image needs ${mib(missing)}, and ${mib(keepFreeBytes)} stay free for messages`,
  );
}

async function reserve(file: FileHandle, bytes: number): Promise<void> {
  let result = await reserveRoom(file.fd, bytes);
  while (result === EINTR) result = await reserveRoom(file.fd, bytes);
  if (result === ENOSPC || result === EDQUOT) throw failedForNow('the disk is full: there is no room for the image');
  // a file system without this function: the free bytes were compared with the size before
}

/** Writes all bytes; one call may write a part of them. */
async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

async function syncEntries(folder: string): Promise<void> {
  const place = await open(folder, constants.O_RDONLY);
  try {
    await place.sync();
  } finally {
    await place.close();
  }
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
