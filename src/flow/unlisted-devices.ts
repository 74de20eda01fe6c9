/** Client ids that said hello on a link that they are not configured for, lately: what a swap of ports or devices looks like. */
import type { Clock } from '../ports.ts';

export interface UnlistedDevice {
  readonly subdevice: string;
  readonly sinceMs: number;
  readonly lastReceivedAtMs: number;
}

/** One that is silent for so long has been taken away. */
const FORGET_MS = 10 * 60_000;
/** Whoever is on a line may call itself by many names. */
const CLIENTS_MAX = 16;

export class UnlistedDevices {
  readonly #clock: Clock;
  /** Link → clients, the latest last. */
  readonly #byLink = new Map<string, Map<string, UnlistedDevice>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(link: string, subdevice: string): void {
    const nowMs = this.#clock.nowMs();
    const clients = this.#byLink.get(link) ?? new Map<string, UnlistedDevice>();
    this.#byLink.set(link, clients);
    const sinceMs = clients.get(subdevice)?.sinceMs ?? nowMs;
    clients.delete(subdevice);
    clients.set(subdevice, { subdevice, sinceMs, lastReceivedAtMs: nowMs });
    const [oldest] = clients.keys();
    if (clients.size > CLIENTS_MAX && oldest !== undefined) clients.delete(oldest);
  }

  /** It is where it belongs. */
  forget(subdevice: string): void {
    for (const clients of this.#byLink.values()) clients.delete(subdevice);
  }

  on(link: string): UnlistedDevice[] {
    const clients = [...(this.#byLink.get(link)?.values() ?? [])];
    return clients.filter(({ lastReceivedAtMs }) => this.#clock.nowMs() - lastReceivedAtMs < FORGET_MS);
  }
}
