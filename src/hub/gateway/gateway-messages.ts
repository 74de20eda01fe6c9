/**
 * Reader of the hub's messages on `$gateway/operation/result/…`. Total over all payloads: a message with another
 * meaning is `foreign`, an unreadable payload is `undefined`, and a device with an invalid name is left out.
 *
 * Source: the hub's public pages on topology (1105/41828) and on proxied subdevices (1105/41829), and the vendor's C
 * SDK, which has more forms.
 */
import type { HubIdentity } from '../../base/hub-identity.ts';
import type { Verb } from './result-codes.ts';

export interface DeviceResult {
  readonly identity: HubIdentity;
  readonly code: number;
}

export type GatewayMessage =
  | { readonly kind: 'results'; readonly verb: Verb; readonly devices: readonly DeviceResult[] }
  /** `isWhole`: short enough to be complete. Only then does an absence count. */
  | { readonly kind: 'described'; readonly devices: readonly HubIdentity[]; readonly isWhole: boolean }
  /** Subdevices were bound or unbound at the hub. */
  | {
      readonly kind: 'changed';
      readonly status: 0 | 1;
      readonly devices: readonly HubIdentity[];
    }
  | { readonly kind: 'searchAsked'; readonly status: number }
  | { readonly kind: 'unbindAllAsked' }
  | { readonly kind: 'foreign' };

/** Largest number of devices read. The hub allows a gateway at most 1,500 subdevices. */
const DEVICES_MAX = 2000;
/**
 * Largest payload that counts as a complete list: half of the hub's limit of 16 KB. Where the hub cuts a list is
 * unknown.
 */
const WHOLE_BYTES_MAX = 8192;
/** Valid names, which are used in topics and shown on terminals. */
const NAME = /^[A-Za-z0-9:_-]{1,64}$/;

export function readGatewayMessage(payload: Uint8Array): GatewayMessage | undefined {
  const message = parseObject(payload);
  if (message === undefined) return undefined;
  const body = objectOf(message.payload) ?? {};
  switch (message.type) {
    case 'online':
    case 'offline':
    case 'bind':
    case 'unbind':
      return { kind: 'results', verb: message.type, devices: resultsIn(body.devices) };
    case 'describe_sub_devices': {
      const devices = listOf(body.devices);
      if (devices === undefined) return { kind: 'foreign' }; // our own request, or a rejection of it
      return { kind: 'described', devices: devices.flatMap(identityIn), isWhole: payload.length <= WHOLE_BYTES_MAX };
    }
    case 'change': {
      const { status } = body;
      if (status !== 0 && status !== 1) return { kind: 'foreign' };
      return { kind: 'changed', status, devices: (listOf(body.devices) ?? []).flatMap(identityIn) };
    }
    case 'search_devices':
      return typeof body.status === 'number' ? { kind: 'searchAsked', status: body.status } : { kind: 'foreign' };
    case 'unbind_all':
      return { kind: 'unbindAllAsked' };
    default:
      return { kind: 'foreign' };
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(payload: Uint8Array): Fields | undefined {
  try {
    return objectOf(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value.slice(0, DEVICES_MAX) : undefined;
}

function identityIn(device: unknown): HubIdentity[] {
  const { product_id: productId, device_name: deviceName } = objectOf(device) ?? {};
  if (typeof productId !== 'string' || typeof deviceName !== 'string') return [];
  return NAME.test(productId) && NAME.test(deviceName) ? [{ productId, deviceName }] : [];
}

function resultsIn(devices: unknown): DeviceResult[] {
  return (listOf(devices) ?? []).flatMap((device) => {
    const { result: code } = objectOf(device) ?? {};
    if (typeof code !== 'number' || !Number.isSafeInteger(code)) return [];
    return identityIn(device).map((identity) => ({ identity, code }));
  });
}
