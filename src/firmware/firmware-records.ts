/**
 * Records of updates, in memory and on the disk. A change is durable when its `done` is called, unless the write failed:
 * no message waits for a disk that is full. After a crash the subdevice reports its version again, and the hub offers
 * again. Changes that come while the records are written go with the next write; a write that failed is repeated at the
 * next change or `look`.
 */
import {
  type FirmwareOffer,
  type FirmwareRecord,
  type FirmwareUpdate,
  type ImageDigest,
  imageKey,
} from '../base/firmware.ts';
import type { FirmwareStorage } from '../ports.ts';

export class FirmwareRecords {
  readonly #storage: Pick<FirmwareStorage, 'keep'>;
  readonly #records: Map<string, FirmwareRecord>;
  /** Called when the records are written. */
  #waiting: (() => void)[] = [];
  #isWriting = false;
  #isChanged = false;
  #problem: string | undefined;

  constructor(storage: Pick<FirmwareStorage, 'keep' | 'records'>) {
    this.#storage = storage;
    this.#records = new Map(storage.records.map((record) => [record.subdevice, record]));
  }

  /** Reason why the newest changes are not durable. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get size(): number {
    return this.#records.size;
  }

  get(subdevice: string): FirmwareRecord | undefined {
    return this.#records.get(subdevice);
  }

  all(): IterableIterator<FirmwareRecord> {
    return this.#records.values();
  }

  /** Returns the updates that want an image. */
  wanting(image: ImageDigest): { readonly id: string; readonly update: FirmwareUpdate }[] {
    const key = imageKey(image);
    return [...this.#records.values()].flatMap(({ subdevice: id, update }) =>
      update?.state === 'wanted' && imageKey(update.offer.image) === key ? [{ id, update }] : [],
    );
  }

  /** @param done called when the record is written, or could not be written */
  set(record: FirmwareRecord, done: () => void = () => undefined): void {
    this.#records.set(record.subdevice, record);
    this.#change(done);
  }

  /** Forgets the oldest record without an update for which `isIdle` is true. @returns false if there is none */
  forgetOne(isIdle: (subdevice: string) => boolean): boolean {
    for (const { subdevice, update } of this.#records.values()) {
      if (update !== undefined || !isIdle(subdevice)) continue;
      this.#records.delete(subdevice);
      this.#change(() => undefined);
      return true;
    }
    return false;
  }

  /** Calls `done` when all changes so far are written, or could not be written. */
  whenWritten(done: () => void): void {
    this.#waiting.push(done);
    this.look();
  }

  /** Repeats a write that failed. */
  look(): void {
    if (this.#isWriting) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!this.#isChanged) {
      for (const done of waiting) done();
      return;
    }
    this.#isWriting = true;
    this.#isChanged = false;
    this.#storage.keep([...this.#records.values()], (problem) => {
      this.#isWriting = false;
      this.#problem = problem;
      if (problem !== undefined) {
        this.#isChanged = true;
        waiting.push(...this.#waiting.splice(0));
      }
      for (const done of waiting) done();
      if (problem === undefined) this.look();
    });
  }

  #change(done: () => void): void {
    this.#waiting.push(done);
    this.#isChanged = true;
    this.look();
  }
}

export function newUpdate(offer: FirmwareOffer): FirmwareUpdate {
  return { offer, state: 'wanted', attempts: 1, failure: undefined, isReported: false };
}
