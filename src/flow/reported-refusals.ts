/** Rejections of subdevices that were reported: each once, since a subdevice may try every second for days. */
import type { Facts } from '../base/events.ts';

/** Largest number kept: a device on a line may use many client ids. */
const REFUSALS_MAX = 256;

export class ReportedRefusals {
  readonly #facts: Facts;
  /** Client id → link and reason of the last reported rejection. */
  readonly #reported = new Map<string, string>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  report(subdevice: string, link: string, reason: string): void {
    const what = `${link} ${reason}`;
    if (this.#reported.get(subdevice) === what) return;
    if (this.#reported.size >= REFUSALS_MAX) this.#reported.clear();
    this.#reported.set(subdevice, what);
    this.#facts.emit('subdeviceRefused', { subdevice, link, reason });
  }

  forget(subdevice: string): void {
    this.#reported.delete(subdevice);
  }
}
