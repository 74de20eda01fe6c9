/**
 * Firmware of subdevices on the disk: a folder of the state directory with the records of the updates and the images.
 * Files with other names are left alone, and links are not followed.
 *
 * A start reads only the names and sizes of complete images. The first `read` of a process checks the CRC-32 of the
 * whole image. A download checks its digests.
 */
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { FetchOutcome, FirmwareRecord, ImageDigest } from '../../base/firmware.ts';
import type { Cancel, FirmwareStorage } from '../../ports.ts';
import { syncFolder } from '../durable/synced-folder.ts';
import { DownloadFailed, failedForNow } from './download-failed.ts';
import { ImageFetcher, type ImageFetcherOptions } from './image-fetcher.ts';
import { imageFileOf, nameOf, partName } from './image-names.ts';
import { readImageProgress } from './partial-image.ts';
import { readFirmwareRecords, storeFirmwareRecords } from './stored-firmware.ts';
import { StoredImage } from './stored-image.ts';

export interface DiskFirmwareOptions extends Omit<ImageFetcherOptions, 'progressed'> {
  /** Runs a callback in the mailbox. */
  readonly post: (task: () => void) => void;
}

export class DiskFirmware implements FirmwareStorage {
  readonly records: readonly FirmwareRecord[];
  /** Clause about the records, if all or some of them were ignored. */
  readonly problem: string | undefined;
  readonly #options: DiskFirmwareOptions;
  readonly #fetcher: ImageFetcher;
  /** Complete images, by name. */
  readonly #complete = new Map<string, StoredImage>();
  /** Durable bytes of incomplete images, by name. Images that are missing here were not looked up yet. */
  readonly #progress = new Map<string, number>();
  /** Names of images that must stay. `undefined`: all. */
  #retained: Set<string> | undefined;
  /** Downloads that run, or wait for a cancelled one. */
  readonly #downloads = new Set<{ readonly name: string }>();
  /** Ends with the last download that was begun. */
  #downloading: Promise<void> = Promise.resolve();
  /** Ends with the last removal of files. */
  #removing: Promise<void> = Promise.resolve();

  constructor(options: DiskFirmwareOptions) {
    this.#options = options;
    const progressed = (image: ImageDigest, bytes: number): void => void this.#progress.set(nameOf(image), bytes);
    this.#fetcher = new ImageFetcher({ ...options, progressed });
    const { records, problem } = readFirmwareRecords(options.folder);
    this.records = this.#isUsable() ? records : [];
    this.problem = problem === undefined ? this.#folderProblem() : `the file of firmware records ${problem}`;
    for (const file of this.#isUsable() ? namesIn(options.folder) : []) {
      const found = imageFileOf(file);
      if (found?.crc === undefined) continue;
      const stored = new StoredImage(join(options.folder, file), found.size, found.crc);
      if (stored.isThere()) this.#complete.set(found.name, stored);
    }
  }

  keep(records: readonly FirmwareRecord[], done: (problem: string | undefined) => void): void {
    const { post } = this.#options;
    const store = async (): Promise<void> => {
      this.#makeFolder();
      await storeFirmwareRecords(this.#options.folder, records);
    };
    void store().then(
      () => post(() => done(undefined)),
      (error: Error) => post(() => done(error.message)),
    );
  }

  find(image: ImageDigest): number | undefined {
    const stored = this.#complete.get(nameOf(image));
    if (stored === undefined) return undefined;
    if (stored.isThere()) return stored.crc;
    this.#complete.delete(nameOf(image));
    return undefined;
  }

  bytesOf(image: ImageDigest): number {
    if (this.find(image) !== undefined) return image.size;
    const name = nameOf(image);
    const known = this.#progress.get(name) ?? this.#bytesOnDisk(image);
    this.#progress.set(name, known);
    return known;
  }

  fetch(image: ImageDigest, url: string, done: (outcome: FetchOutcome) => void): Cancel {
    const { post } = this.#options;
    const download = { name: nameOf(image) };
    const cancelled = new AbortController();
    const { signal } = cancelled;
    this.#retained?.add(download.name);
    this.#downloads.add(download);
    const earlier = Promise.all([this.#downloading, this.#removing]);
    const run = async (): Promise<void> => {
      await earlier;
      const outcome = await this.#fetched(image, url, signal);
      this.#downloads.delete(download);
      this.#removeOthers();
      post(() => {
        if (signal.aborted) return;
        if (outcome.kind === 'bug') throw outcome.error;
        done(outcome);
      });
    };
    this.#downloading = run();
    return () => cancelled.abort();
  }

  read(image: ImageDigest, offset: number, bytes: number, done: (octets: Uint8Array | undefined) => void): void {
    const name = nameOf(image);
    const stored = this.#complete.get(name);
    const reading = stored === undefined ? Promise.resolve(undefined) : stored.read(offset, bytes);
    void reading.then((octets) => {
      if (octets === undefined && this.#complete.get(name) === stored) this.#complete.delete(name);
      this.#options.post(() => done(octets));
    });
  }

  retain(images: readonly ImageDigest[]): void {
    const names = new Set(images.map(nameOf));
    this.#retained = names;
    for (const name of this.#complete.keys()) if (!names.has(name)) this.#complete.delete(name);
    for (const name of this.#progress.keys()) if (!names.has(name)) this.#progress.delete(name);
    this.#removeOthers();
  }

  async #fetched(
    image: ImageDigest,
    url: string,
    signal: AbortSignal,
  ): Promise<FetchOutcome | { readonly kind: 'bug'; readonly error: unknown }> {
    try {
      signal.throwIfAborted();
      this.#makeFolder();
      const stored = await this.#fetcher.fetch(image, url, signal);
      this.#progress.delete(nameOf(image));
      if (this.#retained?.has(nameOf(image)) !== false) this.#complete.set(nameOf(image), stored);
      return { kind: 'complete', crc32: stored.crc };
    } catch (error) {
      const failed = failureOf(error);
      if (failed === undefined) return { kind: 'bug', error };
      return { kind: 'failed', failure: failed.failure, again: failed.again };
    }
  }

  #bytesOnDisk(image: ImageDigest): number {
    const part = lstatSync(join(this.#options.folder, partName(image)), { throwIfNoEntry: false });
    if (part?.isFile() !== true) return 0;
    const { bytes } = readImageProgress(this.#options.folder, image);
    return bytes <= part.size ? bytes : 0;
  }

  /** Removes files of images that must not stay, and leftovers of complete ones. Files of a running download stay. */
  #removeOthers(): void {
    if (this.#retained === undefined) return;
    this.#removing = this.#removing.then(async () => {
      const { folder } = this.#options;
      if (!this.#isUsable()) return;
      for (const file of await readdir(folder).catch(() => [])) {
        // a file that cannot be removed now is removed later
        if (this.#isLeftOver(file))
          await rm(join(folder, file), { force: true, recursive: true }).catch(() => undefined);
      }
    });
  }

  #isLeftOver(file: string): boolean {
    const found = imageFileOf(file);
    if (found === undefined || this.#retained === undefined) return false;
    for (const { name } of this.#downloads) if (name === found.name) return false;
    if (!this.#retained.has(found.name)) return true;
    return found.crc === undefined && this.#complete.has(found.name);
  }

  /** True for a folder, and false for a link to one. */
  #isUsable(): boolean {
    return lstatSync(this.#options.folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /** @returns `undefined` if the folder is usable or missing */
  #folderProblem(): string | undefined {
    const { folder } = this.#options;
    const isOther = !this.#isUsable() && lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
    return isOther ? `${folder} is no directory` : undefined;
  }

  /** @throws DownloadFailed, or the error of the file system */
  #makeFolder(): void {
    const { folder } = this.#options;
    if (this.#isUsable()) return;
    const problem = this.#folderProblem();
    if (problem !== undefined) throw failedForNow(problem);
    mkdirSync(folder, { mode: 0o700 });
    syncFolder(dirname(folder));
  }
}

/** @returns `undefined` for an error that is a defect of this program */
function failureOf(error: unknown): DownloadFailed | undefined {
  if (error instanceof DownloadFailed) return error;
  if (error instanceof Fault) return failedForNow(`${error.message}: ${error.hint}`);
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'AbortError') return failedForNow('the download was cancelled');
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return failedForNow('the disk is full: there is no room for the image');
  return 'syscall' in error ? failedForNow(`the image cannot be stored: ${error.message}`) : undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
