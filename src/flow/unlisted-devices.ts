/** Client ids that recently connected on a link that is not configured for them: a sign of swapped ports or devices. */
import type { Clock } from '../ports.ts';

export interface UnlistedDevice {
  readonly subdevice: string;
  readonly sinceMs: number;
  readonly lastReceivedAtMs: number;
}

/** Time of silence after which a client id is dropped. */
const FORGET_MS = 10 * 60_000;
/** Largest number of client ids per link, since a device on a line may use many. */
const CLIENTS_MAX = 16;

export class UnlistedDevices {
  readonly #clock: Clock;
  /** Link → clients, latest last. */
  readonly #byLink = new Map<string, Map<string, UnlistedDevice>>();
  /** Link → last client id, with the time of its first attempt since another one. */
  readonly #lastByLink = new Map<string, Pick<UnlistedDevice, 'subdevice' | 'sinceMs'>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(link: string, subdevice: string): void {
    const nowMs = this.#clock.nowMs();
    if (this.#lastByLink.get(link)?.subdevice !== subdevice) this.#lastByLink.set(link, { subdevice, sinceMs: nowMs });
    const clients = this.#byLink.get(link) ?? new Map<string, UnlistedDevice>();
    this.#byLink.set(link, clients);
    const sinceMs = clients.get(subdevice)?.sinceMs ?? nowMs;
    clients.delete(subdevice);
    clients.set(subdevice, { subdevice, sinceMs, lastReceivedAtMs: nowMs });
    const [oldest] = clients.keys();
    if (clients.size > CLIENTS_MAX && oldest !== undefined) clients.delete(oldest);
  }

  /** Called when the client id has attached on a link that is configured for it. */
  attached(link: string, subdevice: string): void {
    this.#lastByLink.delete(link);
    for (const clients of this.#byLink.values()) clients.delete(subdevice);
  }

  /** Last client id that connected; `undefined` after one that is configured for the link has attached. */
  lastOn(link: string): Pick<UnlistedDevice, 'subdevice' | 'sinceMs'> | undefined {
    return this.#lastByLink.get(link);
  }

  /** Client ids that connected lately. */
  on(link: string): UnlistedDevice[] {
    const clients = [...(this.#byLink.get(link)?.values() ?? [])];
    return clients.filter(({ lastReceivedAtMs }) => this.#clock.nowMs() - lastReceivedAtMs < FORGET_MS);
  }
}
