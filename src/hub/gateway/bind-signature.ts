/**
 * The signature by which a subdevice agrees to be bound: base64 of the raw HMAC of `{product}{device};{random};{time}`.
 *
 * Unlike CONNECT's (`credentials.ts`) the key is the device secret as it is written, not what it decodes to, and the
 * result is base64, not hex. Source: hub contract §3.3; the vectors are in test/unit/hub/gateway/hub-bind-signature.test.ts.
 */
import { createHmac } from 'node:crypto';
import type { HubIdentity, SignMethod } from '../../base/hub-identity.ts';

export interface BindTerms {
  /** As the hub's console shows it. */
  readonly deviceSecret: string;
  readonly method: SignMethod;
  /** Whole, drawn for each request. */
  readonly nonce: number;
  /** Unix seconds. */
  readonly atS: number;
}

/** The device as a `bind` request names it (§3.2). */
export function signedDevice({ productId, deviceName }: HubIdentity, terms: BindTerms): object {
  const { deviceSecret, method, nonce, atS } = terms;
  const digest = method === 'hmacsha256' ? 'sha256' : 'sha1';
  const text = `${productId}${deviceName};${nonce};${atS}`;
  return {
    product_id: productId,
    device_name: deviceName,
    signature: createHmac(digest, deviceSecret).update(text).digest('base64'),
    random: nonce,
    timestamp: atS,
    signmethod: method,
    authtype: 'psk',
  };
}
