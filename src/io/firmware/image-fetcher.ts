/**
 * Fetches one image: takes the complete file if it is on the disk already, else reserves room, downloads the missing
 * bytes, checks the digests and completes the file. An image with a wrong digest that was joined from several answers
 * is downloaded once more from the beginning, because an earlier part may be of another version or damaged.
 */
import { constants } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageDigest } from '../../base/firmware.ts';
import { ByteRate } from './byte-rate.ts';
import { DownloadFailed } from './download-failed.ts';
import { checkImage, newMd5 } from './image-check.ts';
import { completeName, imageFileOf, nameOf } from './image-names.ts';
import type { ImageWay } from './image-request.ts';
import { PartialImage, type PartialImageOptions } from './partial-image.ts';
import { StoredImage } from './stored-image.ts';

/** Largest time for an answer of a server, and without a byte from a server, ms. */
const SILENCE_MS_MAX = 60_000;
const SLOW_MS_MAX = 600_000;

/** Limits of time, which are constant except in tests. */
type TimeLimits = Pick<ImageWay, 'answerMsMax' | 'idleMsMax' | 'slowMsMax'>;

const LIMITS: TimeLimits = { answerMsMax: SILENCE_MS_MAX, idleMsMax: SILENCE_MS_MAX, slowMsMax: SLOW_MS_MAX };

export interface ImageFetcherOptions extends Pick<PartialImageOptions, 'folder' | 'keepFreeBytes' | 'syncBytes'> {
  /** Largest rate of downloads, bytes per second. */
  readonly bytesPerS: number;
  /** Returns the way to the servers, for each download. */
  readonly way: () => Promise<Omit<ImageWay, keyof TimeLimits>>;
  /** Called with the number of durable bytes when it has changed. */
  readonly progressed: (image: ImageDigest, bytes: number) => void;
  /** Set in tests only. */
  readonly limits?: Partial<TimeLimits> | undefined;
}

export class ImageFetcher {
  readonly #options: ImageFetcherOptions;
  readonly #rate: ByteRate;

  constructor(options: ImageFetcherOptions) {
    this.#options = options;
    this.#rate = new ByteRate(options.bytesPerS);
  }

  /** @throws DownloadFailed, the reason of the signal, or the error of the file system */
  async fetch(image: ImageDigest, url: string, signal: AbortSignal): Promise<StoredImage> {
    newMd5();
    const present = await this.#present(image);
    if (present !== undefined) return present;
    // the code of HTTP and TLS is loaded only if an image is downloaded
    const { downloadImage, imageAddress } = await import('./image-download.ts');
    const address = imageAddress(url);
    const { folder, limits } = this.#options;
    const way = { ...(await this.#options.way()), ...LIMITS, ...limits };
    const progressed = (bytes: number): void => this.#options.progressed(image, bytes);
    for (let mayStartOver = true; ; mayStartOver = false) {
      signal.throwIfAborted();
      const part = await PartialImage.open({ ...this.#options, image, progressed });
      try {
        const isJoined = await kept(part, downloadImage({ part, image, url: address, way, rate: this.#rate, signal }));
        const crc = await part.check();
        if (crc !== undefined) {
          await part.complete(crc);
          return new StoredImage(join(folder, completeName(image, crc)), image.size, crc).trust();
        }
        await part.discard();
        if (!isJoined || !mayStartOver) throw wrongDigest(address);
      } finally {
        await part.close();
      }
    }
  }

  /** Returns a complete file whose digests are right, and removes one whose digests are wrong. */
  async #present(image: ImageDigest): Promise<StoredImage | undefined> {
    const { folder } = this.#options;
    for (const entry of await readdir(folder)) {
      const { name, crc } = imageFileOf(entry) ?? {};
      if (crc === undefined || name !== nameOf(image)) continue;
      const path = join(folder, entry);
      if ((await digestsOf(path, image)) === crc) return new StoredImage(path, image.size, crc).trust();
      await rm(path, { force: true, recursive: true });
    }
    return undefined;
  }
}

/** Makes the bytes of a download that fails durable, so that the next one begins after them. */
async function kept(part: PartialImage, download: Promise<boolean>): Promise<boolean> {
  try {
    return await download;
  } catch (error) {
    // the earlier failure is the one to report; without this sync the next download begins a little earlier
    await part.sync().catch(() => undefined);
    throw error;
  }
}

async function digestsOf(path: string, image: ImageDigest): Promise<number | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await checkImage(file, image);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function wrongDigest({ host }: URL): DownloadFailed {
  const reason = `the image from ${host} does not have the digest that the hub has announced`;
  return new DownloadFailed('wrong digest', reason, 'never');
}
