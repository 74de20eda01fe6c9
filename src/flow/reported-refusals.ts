/** Which refusals of subdevices have been told: each once, and not each time it comes back. It may try every second for days. */
import type { Facts } from '../base/events.ts';

/** Whoever is on a line may call itself by many names. */
const REFUSALS_MAX = 256;

export class ToldRefusals {
  readonly #facts: Facts;
  /** Client id → link and reason of the refusal that was told last. */
  readonly #told = new Map<string, string>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  tell(subdevice: string, link: string, reason: string): void {
    const what = `${link} ${reason}`;
    if (this.#told.get(subdevice) === what) return;
    if (this.#told.size >= REFUSALS_MAX) this.#told.clear();
    this.#told.set(subdevice, what);
    this.#facts.emit('subdeviceRefused', { subdevice, link, reason });
  }

  forget(subdevice: string): void {
    this.#told.delete(subdevice);
  }
}
