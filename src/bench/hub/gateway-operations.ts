/**
 * The `$gateway` operations: a gateway announces its subdevices online and offline, the hub answers each.
 *
 * Stands beside the routing: a PUBLISH on `$gateway/operation/{product}/{device}` comes here and not to the application
 * side, the answer goes out on `$gateway/operation/result/{product}/{device}`. There is no request id. Total over all
 * payloads. Bind, unbind and describe are not served: a request of another type is not answered.
 *
 * Source: "Proxied subdevice connection and disconnection" (1105/41829), result codes included.
 */
import { z } from 'zod';
import type { Message } from '../../base/message.ts';

const OPERATION_PREFIX = '$gateway/operation/';

/** Codes of the page: 0 done, 801 parameter error, −2 system error (here: no room for another subdevice). */
const RESULT = { done: 0, systemError: -2, parameterError: 801 } as const;

const Request = z.object({
  type: z.enum(['online', 'offline']),
  payload: z.object({
    devices: z.array(z.object({ product_id: z.string(), device_name: z.string() })),
  }),
});

type Request = z.infer<typeof Request>;

export interface PresenceChange {
  readonly gateway: string;
  /** `{product}/{device}`. */
  readonly subdevice: string;
  readonly isOnline: boolean;
}

export interface OperationAnswer {
  readonly result: Message | undefined;
  readonly changes: readonly PresenceChange[];
}

export function isGatewayOperation(topic: string): boolean {
  return topic.startsWith(OPERATION_PREFIX);
}

export class GatewayOperations {
  readonly #subdevicesMax: number;
  /** Gateway's client id → its subdevices online. */
  readonly #online = new Map<string, Set<string>>();

  constructor(limits: { readonly subdevicesPerGatewayMax: number }) {
    this.#subdevicesMax = limits.subdevicesPerGatewayMax;
  }

  /** `{product}/{device}` of every subdevice online behind `gateway`. */
  onlineSubdevices(gateway: string): readonly string[] {
    return [...(this.#online.get(gateway) ?? [])];
  }

  /** `undefined`: this gateway may not use this topic. */
  answer(gateway: string, request: Message): OperationAnswer | undefined {
    const [product, device, ...rest] = request.topic.slice(OPERATION_PREFIX.length).split('/');
    if (product === undefined || device === undefined || rest.length > 0) return undefined;
    if (product + device !== gateway) return undefined;
    const parsed = parseRequest(request.payload);
    if (parsed === undefined) return { result: undefined, changes: [] };
    const changes: PresenceChange[] = [];
    const devices = parsed.payload.devices.map((named) => {
      const { result, change } = this.#apply(gateway, parsed.type, named);
      if (change !== undefined) changes.push(change);
      return { product_id: named.product_id, device_name: named.device_name, result };
    });
    const payload = new TextEncoder().encode(JSON.stringify({ type: parsed.type, payload: { devices } }));
    return { result: { topic: `${OPERATION_PREFIX}result/${product}/${device}`, payload, qos: 1 }, changes };
  }

  /** The connection of a gateway is gone, and its subdevices with it. */
  gatewayLost(gateway: string): PresenceChange[] {
    const lost = this.onlineSubdevices(gateway).map((subdevice) => ({ gateway, subdevice, isOnline: false }));
    this.#online.delete(gateway);
    return lost;
  }

  #apply(
    gateway: string,
    type: Request['type'],
    named: Request['payload']['devices'][number],
  ): { readonly result: number; readonly change?: PresenceChange } {
    if (named.product_id === '' || named.device_name === '') return { result: RESULT.parameterError };
    const subdevice = `${named.product_id}/${named.device_name}`;
    const online = this.#online.get(gateway) ?? new Set();
    this.#online.set(gateway, online);
    const isOnline = type === 'online';
    if (online.has(subdevice) === isOnline) return { result: RESULT.done };
    if (isOnline && online.size >= this.#subdevicesMax) return { result: RESULT.systemError };
    if (isOnline) online.add(subdevice);
    else online.delete(subdevice);
    return { result: RESULT.done, change: { gateway, subdevice, isOnline } };
  }
}

function parseRequest(payload: Uint8Array): Request | undefined {
  try {
    return Request.safeParse(JSON.parse(new TextDecoder().decode(payload))).data;
  } catch {
    return undefined;
  }
}
