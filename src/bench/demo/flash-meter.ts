/**
 * Bytes the gateway has caused to be written, over its lives, in stretches that are opened and closed.
 *
 * Each process counts from 0, so what a life wrote is taken just before it ends. A stretch is `null` as soon as the
 * kernel does not say.
 */
import { flashBytesWritten } from '../../io/machine-facts.ts';

interface Stretch {
  readonly fromBytes: number | null;
  /** `undefined`: still open. */
  readonly toBytes: number | null | undefined;
}

export class FlashMeter {
  readonly #stretches = new Map<string, Stretch>();
  #pid: number | undefined;
  #earlierLivesBytes: number | null = 0;

  beginLife(pid: number | undefined): void {
    this.#pid = pid;
  }

  /** To be called while that process still runs, just before it is killed. */
  endLife(): void {
    this.#earlierLivesBytes = this.total();
    this.#pid = undefined;
  }

  total(): number | null {
    const thisLifeBytes = this.#pid === undefined ? 0 : flashBytesWritten(this.#pid);
    if (thisLifeBytes === null || this.#earlierLivesBytes === null) return null;
    return this.#earlierLivesBytes + thisLifeBytes;
  }

  open(name: string): void {
    this.#stretches.set(name, { fromBytes: this.total(), toBytes: undefined });
  }

  close(name: string): void {
    const stretch = this.#stretches.get(name);
    if (stretch !== undefined) this.#stretches.set(name, { ...stretch, toBytes: this.total() });
  }

  /** Of a closed stretch, or of an open one until now. */
  bytesIn(name: string): number | null {
    const stretch = this.#stretches.get(name);
    if (stretch === undefined) return null;
    const { fromBytes, toBytes = this.total() } = stretch;
    return fromBytes === null || toBytes === null ? null : toBytes - fromBytes;
  }
}
