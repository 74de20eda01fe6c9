/**
 * Bindings of subdevices to gateways, and the online subdevices of each gateway.
 *
 * Used by the `$gateway` operations of gateways (`gateway-service.ts`) and by the commands of the platform
 * (`platform.ts`), which both change it. Invariants: a subdevice is bound to at most one gateway. If bindings are
 * required, only bound subdevices are online. No gateway has more than `subdevicesPerGatewayMax` subdevices bound or
 * online.
 */

import type { HubRules } from './bench-rules.ts';
import { clientIdOf, type RegisteredDevice, type Registry } from './device-registry.ts';
import { RESULT } from './service-result-codes.ts';

export interface PresenceChange {
  /** Client id. */
  readonly gateway: string;
  /** `{product}/{device}`. */
  readonly subdevice: string;
  readonly isOnline: boolean;
}

interface TopologyParts {
  readonly rules: HubRules;
  readonly registry: Registry;
  readonly note: (change: PresenceChange) => void;
}

export class Topology {
  readonly #parts: TopologyParts;
  /** `{product}/{device}` of a subdevice → its gateway. */
  readonly #gatewayOf = new Map<string, RegisteredDevice>();
  /** Gateway's client id → its subdevices by `{product}/{device}`. */
  readonly #bound = new Map<string, Map<string, RegisteredDevice>>();
  readonly #online = new Map<string, Set<string>>();

  constructor(parts: TopologyParts) {
    this.#parts = parts;
  }

  boundTo(gateway: string): readonly RegisteredDevice[] {
    return [...(this.#bound.get(gateway)?.values() ?? [])];
  }

  /** `{product}/{device}` of every subdevice online behind `gateway`. */
  onlineBehind(gateway: string): readonly string[] {
    return [...(this.#online.get(gateway) ?? [])];
  }

  gatewayOf(subdevice: RegisteredDevice): RegisteredDevice | undefined {
    return this.#gatewayOf.get(nameOf(subdevice));
  }

  /**
   * True if this client may act for the device: for its own device, and for a bound subdevice. If bindings are not
   * required, the client may act for any device.
   */
  owns(clientId: string, device: RegisteredDevice): boolean {
    if (clientIdOf(device) === clientId || this.#parts.rules.bindings === 'ignored') return true;
    return this.#bound.get(clientId)?.has(nameOf(device)) ?? false;
  }

  isOnline(gateway: string, subdevice: RegisteredDevice): boolean {
    return this.#online.get(gateway)?.has(nameOf(subdevice)) ?? false;
  }

  bind(gateway: RegisteredDevice, subdevice: RegisteredDevice): number {
    const { rules, registry } = this.#parts;
    if (!registry.knows(subdevice) || !registry.knows(gateway)) return RESULT.deviceUnknown;
    const isGateway = registry.isGatewayProduct(subdevice.product) || nameOf(subdevice) === nameOf(gateway);
    if (isGateway) return RESULT.noGeneralDevice;
    if (!registry.mayStandBehind(subdevice, gateway)) return RESULT.notAssociated;
    const present = this.gatewayOf(subdevice);
    if (present !== undefined) {
      return nameOf(present) === nameOf(gateway) ? rules.repeatBindResult : RESULT.boundElsewhere;
    }
    const bound = this.#bound.get(clientIdOf(gateway)) ?? new Map<string, RegisteredDevice>();
    if (bound.size >= rules.subdevicesPerGatewayMax) return RESULT.notAllowed;
    this.#bound.set(clientIdOf(gateway), bound.set(nameOf(subdevice), subdevice));
    this.#gatewayOf.set(nameOf(subdevice), gateway);
    return RESULT.done;
  }

  unbind(gateway: RegisteredDevice, subdevice: RegisteredDevice): number {
    const { rules, registry } = this.#parts;
    if (!registry.knows(subdevice)) return RESULT.deviceUnknown;
    const name = nameOf(subdevice);
    if (this.#bound.get(clientIdOf(gateway))?.delete(name) !== true) return rules.unbindUnboundResult;
    this.#gatewayOf.delete(name);
    this.#setOffline(clientIdOf(gateway), name);
    return RESULT.done;
  }

  online(gateway: RegisteredDevice, subdevice: RegisteredDevice): number {
    const { rules } = this.#parts;
    const problem = this.#problemWith(gateway, subdevice);
    if (problem !== undefined) return problem;
    const clientId = clientIdOf(gateway);
    const online = this.#online.get(clientId) ?? new Set();
    if (online.has(nameOf(subdevice))) return rules.repeatOnlineResult;
    if (online.size >= rules.subdevicesPerGatewayMax) return RESULT.systemError;
    this.#online.set(clientId, online.add(nameOf(subdevice)));
    this.#parts.note({ gateway: clientId, subdevice: nameOf(subdevice), isOnline: true });
    return RESULT.done;
  }

  offline(gateway: RegisteredDevice, subdevice: RegisteredDevice): number {
    const problem = this.#problemWith(gateway, subdevice);
    if (problem !== undefined) return problem;
    this.#setOffline(clientIdOf(gateway), nameOf(subdevice));
    return RESULT.done;
  }

  /** Sets the subdevices of a gateway offline, because its connection is gone. */
  gatewayLost(gateway: string): void {
    for (const subdevice of this.onlineBehind(gateway)) this.#setOffline(gateway, subdevice);
    this.#online.delete(gateway);
  }

  #setOffline(gateway: string, subdevice: string): void {
    if (this.#online.get(gateway)?.delete(subdevice) === true) {
      this.#parts.note({ gateway, subdevice, isOnline: false });
    }
  }

  #problemWith(gateway: RegisteredDevice, subdevice: RegisteredDevice): number | undefined {
    if (this.#parts.rules.bindings === 'ignored') return undefined;
    if (!this.#parts.registry.knows(subdevice)) return RESULT.deviceUnknown;
    return this.owns(clientIdOf(gateway), subdevice) ? undefined : RESULT.notBound;
  }
}

function nameOf({ product, device }: RegisteredDevice): string {
  return `${product}/${device}`;
}
