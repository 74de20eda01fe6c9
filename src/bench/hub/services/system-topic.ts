/**
 * System topics of a device, and the JSON on them, as every service of the hub reads and writes them.
 *
 * Source: the list of system topics in the IoT hub's documents of each service.
 */
import type { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { Requester } from '../service-contract.ts';

/**
 * Returns the device that a topic under `prefix` names, if the client may act for that device. `rest`: the levels after
 * the device.
 */
export function addressee(
  topic: string,
  prefix: string,
  { owns }: Requester,
): { readonly device: RegisteredDevice; readonly rest: readonly string[] } | undefined {
  const [product = '', device = '', ...rest] = topic.slice(prefix.length).split('/');
  if (product === '' || device === '' || !owns(product, device)) return undefined;
  return { device: { product, device }, rest };
}

/** Returns a message in JSON to a device. The message has QoS 1, so that the hub stores it while the device is away. */
export function jsonTo(device: RegisteredDevice, prefix: string, content: object): Message {
  return messageTo(device, prefix, { payload: new TextEncoder().encode(JSON.stringify(content)), qos: 1 });
}

export function messageTo(device: RegisteredDevice, prefix: string, message: Omit<Message, 'topic'>): Message {
  return { topic: `${prefix}${keyOf(device)}`, ...message };
}

/** Reads the JSON of a request. `undefined`: the request is invalid; the hub acknowledges it and sends no answer. */
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
