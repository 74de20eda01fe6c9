/**
 * Commands of the hub's operator on the platform: register devices, bind and unbind subdevices, query gateways.
 *
 * Each command has a result code, as a gateway's own request has. The notice `change` informs a gateway that its
 * subdevices have changed.
 *
 * Source: the IoT hub's page "Topology management" (1105/41828) for `change`; `search_devices` and `unbind_all` are in
 * the vendor's C SDK only.
 */
import { z } from 'zod';
import type { Message } from '../../base/message.ts';
import { clientIdOf, type RegisteredDevice, type Registry } from './device-registry.ts';
import { type GatewayNotice, messageTo, namesOf } from './gateway-service.ts';
import { RESULT } from './service-result-codes.ts';
import type { Topology } from './topology.ts';

const Named = z.strictObject({ product: z.string().min(1), device: z.string().min(1) });

export const PlatformCommand = z.discriminatedUnion('kind', [
  /**
   * Registers a device. If the device was registered with another secret, that secret becomes stale. `secret` is in
   * base64.
   */
  z.strictObject({ kind: z.literal('register'), device: Named, secret: z.base64() }),
  z.strictObject({ kind: z.literal('bind'), gateway: Named, subdevice: Named }),
  z.strictObject({ kind: z.literal('unbind'), subdevice: Named }),
  z.strictObject({ kind: z.literal('unbindAll'), gateway: Named }),
  z.strictObject({ kind: z.literal('searchDevices'), gateway: Named, status: z.int().default(1) }),
]);

export type PlatformCommand = z.output<typeof PlatformCommand>;

/** Result of a command, and the notice that the session of `clientId` receives. */
export interface Decision {
  readonly result: number;
  readonly notice?: { readonly clientId: string; readonly message: Message };
}

interface PlatformParts {
  readonly registry: Registry;
  readonly topology: Topology;
}

export class Platform {
  readonly #parts: PlatformParts;

  constructor(parts: PlatformParts) {
    this.#parts = parts;
  }

  decide(command: PlatformCommand): Decision {
    const { registry, topology } = this.#parts;
    switch (command.kind) {
      case 'register':
        return { result: registry.register(command.device, command.secret) ? RESULT.done : RESULT.systemError };
      case 'bind': {
        const result = topology.bind(command.gateway, command.subdevice);
        return this.#change(result, { gateway: command.gateway, subdevice: command.subdevice, status: 1 });
      }
      case 'unbind': {
        const gateway = topology.gatewayOf(command.subdevice);
        if (gateway === undefined) return { result: RESULT.notBound };
        const result = topology.unbind(gateway, command.subdevice);
        return this.#change(result, { gateway, subdevice: command.subdevice, status: 0 });
      }
      case 'unbindAll': {
        for (const subdevice of topology.boundTo(clientIdOf(command.gateway)))
          topology.unbind(command.gateway, subdevice);
        return tell(command.gateway, { type: 'unbind_all' });
      }
      case 'searchDevices':
        return tell(command.gateway, { type: 'search_devices', payload: { status: command.status } });
    }
  }

  #change(
    result: number,
    change: { readonly gateway: RegisteredDevice; readonly subdevice: RegisteredDevice; readonly status: 0 | 1 },
  ): Decision {
    if (result !== RESULT.done) return { result };
    const { gateway, subdevice, status } = change;
    return tell(gateway, { type: 'change', payload: { status, devices: [namesOf(subdevice)] } });
  }
}

function tell(gateway: RegisteredDevice, notice: GatewayNotice): Decision {
  return { result: RESULT.done, notice: { clientId: clientIdOf(gateway), message: messageTo(gateway, notice) } };
}
