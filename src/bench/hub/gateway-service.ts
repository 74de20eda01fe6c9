/**
 * `$gateway` operations: a gateway binds its subdevices, announces them online and offline, and requests the list of
 * them.
 *
 * Requests arrive as PUBLISH on `$gateway/operation/{product}/{device}`; answers leave on
 * `$gateway/operation/result/{product}/{device}`. There is no request id. Total over all payloads: a payload that is
 * not a request is acknowledged and not answered.
 *
 * Source: the IoT hub's pages "Topology management" (1105/41828) and "Proxied subdevice connection and disconnection"
 * (1105/41829). Replies to the platform's own messages are accepted in the form of the documents and in that of the
 * vendor's C SDK.
 */
import { z } from 'zod';
import type { Message } from '../../base/message.ts';
import type { HubRules } from './bench-rules.ts';
import { bindSignatureResult } from './bind-check.ts';
import { clientIdOf, type RegisteredDevice, type Registry } from './device-registry.ts';
import type { BenchService, Requester } from './service-contract.ts';
import { RESULT } from './service-result-codes.ts';
import type { Topology } from './topology.ts';

const OPERATION_PREFIX = '$gateway/operation/';

const Named = z.looseObject({ product_id: z.string(), device_name: z.string() });

type Named = z.infer<typeof Named>;

const Request = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['bind', 'unbind', 'online', 'offline']), payload: z.object({ devices: z.array(Named) }) }),
  z.object({ type: z.literal('describe_sub_devices') }),
  z.object({ type: z.enum(['change', 'search_devices', 'unbind_all']) }),
]);

/** Notices of the platform to a gateway, and the replies to them. */
export type GatewayNotice =
  | { readonly type: 'change'; readonly payload: { readonly status: 0 | 1; readonly devices: readonly object[] } }
  | { readonly type: 'search_devices'; readonly payload: { readonly status: number } }
  | { readonly type: 'unbind_all' };

interface GatewayServiceParts {
  readonly rules: HubRules;
  readonly registry: Registry;
  readonly topology: Topology;
  /** Called when a gateway replied to a notice of the platform. */
  readonly replied: (gateway: string, type: GatewayNotice['type']) => void;
}

export class GatewayService implements BenchService {
  readonly #parts: GatewayServiceParts;

  constructor(parts: GatewayServiceParts) {
    this.#parts = parts;
  }

  takes(topic: string): boolean {
    return topic.startsWith(OPERATION_PREFIX);
  }

  answer(request: Message, { clientId }: Requester, wallMs: number): readonly Message[] | undefined {
    const [product, device, ...rest] = request.topic.slice(OPERATION_PREFIX.length).split('/');
    if (product === undefined || device === undefined || rest.length > 0) return undefined;
    const gateway = { product, device };
    if (clientIdOf(gateway) !== clientId) return undefined;
    const parsed = parseRequest(request.payload);
    if (parsed === undefined) return [];
    switch (parsed.type) {
      case 'bind':
      case 'unbind':
      case 'online':
      case 'offline': {
        const devices = this.#served(parsed.payload.devices).map((named) => ({
          product_id: named.product_id,
          device_name: named.device_name,
          result: this.#resultOf(parsed.type, named, { gateway, isAlone: parsed.payload.devices.length < 2, wallMs }),
        }));
        const type = parsed.type === 'unbind' ? this.#parts.rules.unbindResultType : parsed.type;
        return [messageTo(gateway, { type, payload: { devices } })];
      }
      case 'describe_sub_devices':
        return this.#describe(gateway);
      case 'change':
      case 'search_devices':
      case 'unbind_all':
        this.#parts.replied(clientId, parsed.type);
        return [];
    }
  }

  #served(devices: readonly Named[]): readonly Named[] {
    return this.#parts.rules.batch === 'first only' ? devices.slice(0, 1) : devices;
  }

  #resultOf(
    type: 'bind' | 'unbind' | 'online' | 'offline',
    named: Named,
    request: { readonly gateway: RegisteredDevice; readonly isAlone: boolean; readonly wallMs: number },
  ): number {
    const { rules, registry, topology } = this.#parts;
    const subdevice = { product: named.product_id, device: named.device_name };
    const isRefused = rules.batch === 'refused' && !request.isAlone;
    if (isRefused || subdevice.product === '' || subdevice.device === '') return RESULT.parameterError;
    if (type !== 'bind') return topology[type](request.gateway, subdevice);
    if (!registry.knows(subdevice)) return RESULT.deviceUnknown;
    const secret = registry.secretOf(subdevice);
    const { wallMs } = request;
    const problem = bindSignatureResult(named, { subdevice, secret, signatureS: rules.bindSignatureS, wallMs });
    return problem === RESULT.done ? topology.bind(request.gateway, subdevice) : problem;
  }

  /**
   * Lists the subdevices of a gateway in one message. The rule `describeTooLong` determines the behaviour if the list
   * is too long for one message.
   */
  #describe(gateway: RegisteredDevice): readonly Message[] {
    const { rules, topology } = this.#parts;
    if (rules.bindings === 'ignored') return [];
    const devices = topology.boundTo(clientIdOf(gateway)).map(namesOf);
    const type = 'describe_sub_devices';
    let answer = messageTo(gateway, { type, payload: { devices } });
    while (answer.payload.length > rules.payloadBytesMax && devices.length > 0) {
      if (rules.describeTooLong === 'unanswered') return [];
      // Removes as many devices as the size limit requires, but at least one.
      devices.length = Math.min(
        devices.length - 1,
        Math.ceil((devices.length * rules.payloadBytesMax) / answer.payload.length),
      );
      answer = messageTo(gateway, { type, payload: { devices } });
    }
    return [answer];
  }
}

/** Returns the message with a result of an operation or with a notice of the platform. Both have the same topic. */
export function messageTo(
  gateway: RegisteredDevice,
  content: GatewayNotice | { type: string; payload: object },
): Message {
  const topic = `${OPERATION_PREFIX}result/${gateway.product}/${gateway.device}`;
  return { topic, payload: new TextEncoder().encode(JSON.stringify(content)), qos: 1 };
}

/** Names of a device as `$gateway` messages contain them. */
export function namesOf({ product, device }: RegisteredDevice): { product_id: string; device_name: string } {
  return { product_id: product, device_name: device };
}

function parseRequest(payload: Uint8Array): z.infer<typeof Request> | undefined {
  try {
    return Request.safeParse(JSON.parse(new TextDecoder().decode(payload))).data;
  } catch {
    return undefined;
  }
}
