/**
 * The devices the hub knows, with their secrets, and which products may stand behind which.
 *
 * Begins with the rules' `credentials` and `associations`; the platform registers more while it runs. A hub without
 * credentials is open: it knows everybody, and checks a secret only where one was registered.
 *
 * Invariant: at most `DEVICES_MAX` are registered.
 */
import type { HubRules } from './bench-rules.ts';

/** A device by its two names; its client id is one after the other. */
export interface RegisteredDevice {
  readonly product: string;
  readonly device: string;
}

/** Ours: more than any gateway may have behind it. */
const DEVICES_MAX = 100_000;

export function clientIdOf({ product, device }: RegisteredDevice): string {
  return product + device;
}

export class Registry {
  readonly #isOpen: boolean;
  readonly #associations: HubRules['associations'];
  readonly #secrets: Map<string, string>;
  readonly #replaced = new Map<string, string>();

  constructor({ credentials, associations }: HubRules) {
    this.#isOpen = credentials === undefined;
    this.#associations = associations;
    this.#secrets = new Map(credentials);
  }

  /** Client id → secret; `undefined`: nobody is asked for a password. */
  get credentials(): ReadonlyMap<string, string> | undefined {
    return this.#isOpen ? undefined : this.#secrets;
  }

  /** Client id → the secret it had before it was registered anew. */
  get replaced(): ReadonlyMap<string, string> {
    return this.#replaced;
  }

  secretOf(device: RegisteredDevice): string | undefined {
    return this.#secrets.get(clientIdOf(device));
  }

  knows(device: RegisteredDevice): boolean {
    return this.#isOpen || this.#secrets.has(clientIdOf(device));
  }

  /** A secret that was there before is stale from now on. `false`: no room. */
  register(device: RegisteredDevice, secret: string): boolean {
    const clientId = clientIdOf(device);
    const before = this.#secrets.get(clientId);
    if (before === undefined && this.#secrets.size >= DEVICES_MAX) return false;
    if (before !== undefined) this.#replaced.set(clientId, before);
    this.#secrets.set(clientId, secret);
    return true;
  }

  mayStandBehind(subdevice: RegisteredDevice, gateway: RegisteredDevice): boolean {
    if (this.#associations.length === 0) return true;
    return this.#associations.some((pair) => pair.gateway === gateway.product && pair.subdevice === subdevice.product);
  }

  isGatewayProduct(product: string): boolean {
    return this.#associations.some((pair) => pair.gateway === product);
  }

  /** Such a device cannot connect on its own. */
  isOfSubdeviceProduct(clientId: string): boolean {
    return this.#associations.some(({ subdevice }) => clientId.startsWith(subdevice));
  }
}
