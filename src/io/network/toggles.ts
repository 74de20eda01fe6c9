/** Change of the modem lines of open ports in the network, for the recovery of a line. */
import { setTimeout as pause } from 'node:timers/promises';

/** Time for which DTR and RTS are low. The device server adds its own time. */
const LOW_MS = 200;

/** Sets DTR and RTS of an open port. */
export type SetModemLines = (level: 'high' | 'low') => void;

export class Toggles {
  readonly #byLink = new Map<string, SetModemLines>();

  /** Notes the open port of a link; `undefined`: the port is closed. */
  offer(link: string, set: SetModemLines | undefined): void {
    if (set === undefined) this.#byLink.delete(link);
    else this.#byLink.set(link, set);
  }

  /** Rejects if the link has no open port with modem lines. */
  async run(link: string): Promise<string> {
    const set = this.#byLink.get(link);
    if (set === undefined) throw new Error('the port has no modem lines over this connection');
    set('low');
    await pause(LOW_MS);
    set('high');
    return `DTR and RTS low for ${LOW_MS} ms`;
  }
}
