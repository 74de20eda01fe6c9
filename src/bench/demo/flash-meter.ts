/**
 * Bytes written by the gateway over several processes, in named periods that are opened and closed.
 *
 * The count of each process starts at 0, so it is read just before the process ends. A period is `null` as soon as the
 * kernel does not report the count.
 */
import { flashBytesWritten } from '../../io/machine-facts.ts';

interface Stretch {
  readonly fromBytes: number | null;
  /** `undefined`: the period is still open. */
  readonly toBytes: number | null | undefined;
}

export class FlashMeter {
  readonly #stretches = new Map<string, Stretch>();
  #pid: number | undefined;
  #earlierLivesBytes: number | null = 0;

  beginLife(pid: number | undefined): void {
    this.#pid = pid;
  }

  /** Records the count of the process. Must be called while the process still runs, just before its kill. */
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

  /** Bytes written in a closed period, or in an open period until now. `null`: the kernel does not report the count. */
  bytesIn(name: string): number | null {
    const stretch = this.#stretches.get(name);
    if (stretch === undefined) return null;
    const { fromBytes, toBytes = this.total() } = stretch;
    return fromBytes === null || toBytes === null ? null : toBytes - fromBytes;
  }
}
