/**
 * Downloads of firmware images: one at a time, each image once for all subdevices that want it. A download that failed
 * for now is repeated after a growing pause, and other images are downloaded in the meantime.
 */
import { type FetchOutcome, type FirmwareFailure, type ImageDigest, imageKey } from '../base/firmware.ts';
import type { FirmwareRecords } from '../firmware/firmware-records.ts';
import type { Cancel, Clock, FirmwareStorage } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';

export interface WantedImage {
  readonly image: ImageDigest;
  readonly url: string;
}

export interface ImageDownloadsOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly storage: Pick<FirmwareStorage, 'fetch' | 'find' | 'retain'>;
  /** Called when a download has ended. */
  readonly ended: (wanted: WantedImage, outcome: FetchOutcome) => void;
}

const PAUSE_MS = 10_000;
const PAUSE_MS_MAX = 3_600_000;

interface Pause {
  readonly untilMs: number;
  readonly pauseMs: number;
  readonly failure: FirmwareFailure;
}

export class ImageDownloads {
  readonly #options: ImageDownloadsOptions;
  readonly #timer: Timer;
  #wanted: readonly WantedImage[] = [];
  /** Names of the images that must stay on the disk. */
  #retained: string | undefined;
  #active: (WantedImage & { readonly cancel: Cancel }) | undefined;
  /** Pauses after failures, by image. */
  readonly #pauses = new Map<string, Pause>();

  constructor(options: ImageDownloadsOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.#turn());
  }

  /** Downloads the images that updates want and that are not complete, and removes those that no update needs. */
  look(records: FirmwareRecords): void {
    const { storage } = this.#options;
    const current = [...records.all()].flatMap(({ update }) =>
      update?.state === 'wanted' || update?.state === 'installing' ? [update] : [],
    );
    const wanted = current.filter(({ state, offer }) => state === 'wanted' && storage.find(offer.image) === undefined);
    this.#want(wanted.map(({ offer: { image, url } }) => ({ image, url })));
    const needed = new Map(current.map(({ offer: { image } }) => [imageKey(image), image]));
    const names = [...needed.keys()].sort().join(' ');
    if (names === this.#retained) return;
    this.#retained = names;
    storage.retain([...needed.values()]);
  }

  /** @param wanted images that are not complete; the first one is downloaded first */
  #want(wanted: readonly WantedImage[]): void {
    this.#wanted = wanted;
    const keys = new Set(wanted.map(({ image }) => imageKey(image)));
    for (const key of [...this.#pauses.keys()]) if (!keys.has(key)) this.#pauses.delete(key);
    const active = this.#active;
    if (active !== undefined && !keys.has(imageKey(active.image))) {
      active.cancel();
      this.#active = undefined;
    }
    this.#turn();
  }

  /** Ends the pause of an image, because its address has changed or an operator wants it. */
  hurry(image: ImageDigest): void {
    this.#pauses.delete(imageKey(image));
    this.#turn();
  }

  stop(): void {
    this.#want([]);
  }

  isActive(image: ImageDigest): boolean {
    return this.#active !== undefined && imageKey(this.#active.image) === imageKey(image);
  }

  /** Failure after which the download of an image pauses. */
  pauseOf(image: ImageDigest): FirmwareFailure | undefined {
    return this.#pauses.get(imageKey(image))?.failure;
  }

  #turn(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#active === undefined) {
      const next = this.#wanted.find(({ image }) => (this.#pauses.get(imageKey(image))?.untilMs ?? nowMs) <= nowMs);
      if (next !== undefined) this.#begin(next);
    }
    const times = [...this.#pauses.values()].map(({ untilMs }) => untilMs).filter((atMs) => atMs > nowMs);
    this.#timer.set(this.#active !== undefined || times.length === 0 ? undefined : Math.min(...times));
  }

  #begin(wanted: WantedImage): void {
    const { storage } = this.#options;
    const { image, url } = wanted;
    const cancel = storage.fetch(image, url, (outcome) => this.#end(wanted, outcome));
    this.#active = { image, url, cancel };
  }

  #end(wanted: WantedImage, outcome: FetchOutcome): void {
    const { clock, ended } = this.#options;
    const key = imageKey(wanted.image);
    this.#active = undefined;
    if (outcome.kind === 'failed' && outcome.again === 'later') {
      const pauseMs = Math.min(PAUSE_MS_MAX, (this.#pauses.get(key)?.pauseMs ?? PAUSE_MS / 2) * 2);
      this.#pauses.set(key, { untilMs: clock.nowMs() + pauseMs, pauseMs, failure: outcome.failure });
    } else this.#pauses.delete(key);
    ended(wanted, outcome); // sets the wanted images
    this.#turn();
  }
}
