/**
 * What the hub says on `$gateway/operation/result/…`, from JSON to words. Total over all payloads: what is not a message
 * of ours is `foreign`, what cannot be read is `undefined`, and a device that is badly named is left out.
 *
 * Source: hub contract §3.2, with the forms that only the vendor's C SDK knows.
 */
import type { HubIdentity } from '../../base/hub-identity.ts';
import type { Verb } from './result-codes.ts';

export interface DeviceResult {
  readonly identity: HubIdentity;
  readonly code: number;
}

export type GatewayMessage =
  | { readonly kind: 'results'; readonly verb: Verb; readonly devices: readonly DeviceResult[] }
  /** `isWhole`: short enough that nothing was cut off; only then does an absence say something. */
  | { readonly kind: 'described'; readonly devices: readonly HubIdentity[]; readonly isWhole: boolean }
  /** Somebody bound or unbound them on the platform. */
  | {
      readonly kind: 'changed';
      readonly status: 0 | 1;
      readonly devices: readonly HubIdentity[];
    }
  | { readonly kind: 'searchAsked'; readonly status: number }
  | { readonly kind: 'unbindAllAsked' }
  | { readonly kind: 'foreign' };

/** No gateway has more subdevices than 1,500 (§1.8). */
const DEVICES_MAX = 2000;
/** The hub sends 16 KB at most and there is no paging: where it cuts a longer list nobody says, so half is the safe side. */
const WHOLE_BYTES_MAX = 8192;
/** Whatever the hub calls them will stand in topics and on terminals. */
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
      if (devices === undefined) return { kind: 'foreign' }; // our own question, or a refusal of it
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
