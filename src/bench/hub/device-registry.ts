/**
 * Devices known to the hub with their secrets, and the pairs of products that may be bound.
 *
 * Starts with the rules' `credentials` and `associations`; the platform registers more at run time. A hub without
 * credentials is open: it accepts every device, and checks a secret only if the secret of the device was registered.
 *
 * Invariant: at most `DEVICES_MAX` are registered.
 */
import type { HubRules } from './bench-rules.ts';

/** Device with its two names. Its client id is the product followed by the device name. */
export interface RegisteredDevice {
  readonly product: string;
  readonly device: string;
}

/** Largest number of registered devices. Own choice: more than any gateway may have behind it. */
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

  /** Client id → secret. `undefined`: no password is checked. */
  get credentials(): ReadonlyMap<string, string> | undefined {
    return this.#isOpen ? undefined : this.#secrets;
  }

  /** Client id → previous secret, if the device was registered again. */
  get replaced(): ReadonlyMap<string, string> {
    return this.#replaced;
  }

  secretOf(device: RegisteredDevice): string | undefined {
    return this.#secrets.get(clientIdOf(device));
  }

  knows(device: RegisteredDevice): boolean {
    return this.#isOpen || this.#secrets.has(clientIdOf(device));
  }

  /** Registers the secret of a device. A previous secret becomes stale. `false`: no room for another device. */
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

  /** True if the client id belongs to a product of subdevices. Such a device cannot connect without its gateway. */
  isOfSubdeviceProduct(clientId: string): boolean {
    return this.#associations.some(({ subdevice }) => clientId.startsWith(subdevice));
  }
}
