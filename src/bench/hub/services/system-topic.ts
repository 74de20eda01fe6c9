/**
 * System topics of a device, and the JSON on them, as every service of the hub reads and writes them.
 *
 * Source: the list of system topics in the IoT hub's documents of each service.
 */
import type { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { Requester } from '../service-contract.ts';

/** Device named by a topic under `prefix`, if the client may act for it. `rest`: the levels after the device. */
export function addressee(
  topic: string,
  prefix: string,
  { owns }: Requester,
): { readonly device: RegisteredDevice; readonly rest: readonly string[] } | undefined {
  const [product = '', device = '', ...rest] = topic.slice(prefix.length).split('/');
  if (product === '' || device === '' || !owns(product, device)) return undefined;
  return { device: { product, device }, rest };
}

/** QoS 1, so that the message is stored while the device is away. */
export function jsonTo(device: RegisteredDevice, prefix: string, content: object): Message {
  return messageTo(device, prefix, { payload: new TextEncoder().encode(JSON.stringify(content)), qos: 1 });
}

export function messageTo(device: RegisteredDevice, prefix: string, message: Omit<Message, 'topic'>): Message {
  return { topic: `${prefix}${keyOf(device)}`, ...message };
}

/** `undefined`: not a valid request. The hub acknowledges it and does not answer. */
export function readJson<T>(payload: Uint8Array, shape: z.ZodType<T>): T | undefined {
  try {
    return shape.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))).data;
  } catch {
    return undefined;
  }
}

export function keyOf({ product, device }: RegisteredDevice): string {
  return `${product}/${device}`;
}
