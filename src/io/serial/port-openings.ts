/**
 * Openings of serial devices that have not returned. A driver can keep an opening in the kernel for any time, and the
 * opening then keeps a thread of the process. So a device is not opened again before its last opening has returned.
 */
import type { OpenDevice } from './safe-binding.ts';

export interface PortOpening {
  readonly device: string;
  /** Number of the opening since the start of the process. */
  readonly number: number;
}

export class PortOpenings {
  readonly #waiting = new Map<string, PortOpening>();
  #count = 0;

  /** PortOpening that has waited longest; `undefined`: none waits. */
  get oldest(): PortOpening | undefined {
    for (const opening of this.#waiting.values()) return opening;
    return undefined;
  }

  /** Opens a device. Rejects if an earlier opening of the device has not returned. */
  async run(device: string, open: () => Promise<OpenDevice>): Promise<OpenDevice> {
    if (this.#waiting.has(device)) throw new Error(HANGS);
    this.#count += 1;
    this.#waiting.set(device, { device, number: this.#count });
    try {
      return await open();
    } finally {
      this.#waiting.delete(device);
    }
  }
}

/** Text of the error for a device whose last opening has not returned. */
export const HANGS = 'an earlier opening has not returned';
