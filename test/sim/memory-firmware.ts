/**
 * Disk with firmware, and the server of images, in virtual time: the state survives the lives of the gateway. Bytes of a
 * download become durable in steps; a power cut or a killed process loses the others.
 */
import { createHash } from 'node:crypto';
import type { FetchOutcome, FirmwareRecord, ImageDigest } from '../../src/base/firmware.ts';
import { crc32 } from '../../src/codec/crc32.ts';
import type { FirmwareStorage } from '../../src/ports.ts';
import type { Life } from './life.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Time of a write and of a read, ms. */
const WRITE_MS = 20;
const READ_MS = 2;
/** Durable step of a download, bytes, and the time that it takes, ms. */
const STEP_BYTES = 512;
const STEP_MS = 50;

/** Digests of an image, as an offer has them. */
export function digestOf(image: Uint8Array): ImageDigest {
  const md5 = createHash('md5').update(image).digest('hex');
  return { md5, sha256: undefined, size: image.length };
}

export class MemoryFirmware {
  readonly #time: VirtualTime;
  /** Images on the server, by URL. */
  readonly served = new Map<string, Uint8Array>();
  #records: readonly FirmwareRecord[] = [];
  /** Durable bytes by MD5. */
  readonly #parts = new Map<string, Uint8Array>();
  readonly #complete = new Set<string>();
  /** Bytes that the server has sent. */
  servedBytes = 0;
  isServerAway = false;
  /** Called before an image is removed because no update needs it. @param md5 of the image */
  onUnneeded: (md5: string) => void = () => undefined;
  /** Failure of each write of the records; `undefined`: none. */
  writeProblem: string | undefined;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get imagesOnDisk(): number {
    return this.#parts.size;
  }

  get records(): readonly FirmwareRecord[] {
    return this.#records;
  }

  /** Returns the storage of one life. @param post runs a task in the mailbox of this life */
  open(life: Pick<Life, 'isAlive'>, post: (task: () => void) => void): FirmwareStorage {
    const later = (ms: number, task: () => void): void => {
      this.#time.after(ms, () => {
        if (life.isAlive) post(task);
      });
    };
    return {
      records: structuredClone(this.#records),
      keep: (records, done) => {
        const kept = structuredClone(records);
        this.#time.after(WRITE_MS, () => {
          if (!life.isAlive) return; // the rename did not happen
          if (this.writeProblem === undefined) this.#records = kept;
          post(() => done(this.writeProblem));
        });
      },
      find: ({ md5 }) => (this.#complete.has(md5) ? crc32(this.#parts.get(md5) ?? new Uint8Array(0)) : undefined),
      bytesOf: ({ md5 }) => this.#parts.get(md5)?.length ?? 0,
      fetch: (image, url, done) => {
        let isCancelled = false;
        const step = (): void => {
          if (isCancelled) return;
          const outcome = this.#step(image, url);
          if (outcome === undefined) later(STEP_MS, step);
          else done(outcome);
        };
        later(STEP_MS, step);
        return () => {
          isCancelled = true;
        };
      },
      read: ({ md5 }, offset, bytes, done) =>
        later(READ_MS, () => done(this.#parts.get(md5)?.slice(offset, offset + bytes))),
      retain: (images) => {
        const kept = new Set(images.map(({ md5 }) => md5));
        for (const md5 of [...this.#parts.keys()]) {
          if (kept.has(md5)) continue;
          this.onUnneeded(md5);
          this.remove(md5);
        }
      },
    };
  }

  remove(md5: string): void {
    this.#parts.delete(md5);
    this.#complete.delete(md5);
  }

  #step({ md5, size }: ImageDigest, url: string): FetchOutcome | undefined {
    const image = this.isServerAway ? undefined : this.served.get(url);
    if (image === undefined) {
      const failure = { kind: 'timed out', reason: 'the server does not answer' } as const;
      return { kind: 'failed', failure, again: 'later' };
    }
    const part = this.#parts.get(md5) ?? new Uint8Array(0);
    const next = image.subarray(part.length, part.length + STEP_BYTES);
    this.servedBytes += next.length;
    const grown = Uint8Array.from([...part, ...next]);
    this.#parts.set(md5, grown);
    if (grown.length < size) return undefined;
    if (digestOf(grown).md5 !== md5) {
      this.#parts.delete(md5);
      const failure = { kind: 'wrong digest', reason: 'the MD5 of the image differs from the offer' } as const;
      return { kind: 'failed', failure, again: 'never' };
    }
    this.#complete.add(md5);
    return { kind: 'complete', crc32: crc32(grown) };
  }
}
