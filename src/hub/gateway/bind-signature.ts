/**
 * Signature by which a subdevice agrees to be bound: base64 of the raw HMAC of `{product}{device};{random};{time}`.
 *
 * Unlike in CONNECT (`credentials.ts`), the key is the device secret as written, not base64-decoded, and the result is
 * base64, not hex. Source: the hub's public page on topology (1105/41828); the vectors are in
 * test/unit/hub/gateway/hub-bind-signature.test.ts.
 */
import { createHmac } from 'node:crypto';
import type { HubIdentity, SignMethod } from '../../base/hub-identity.ts';

export interface BindTerms {
  /** Secret as shown by the hub's console. */
  readonly deviceSecret: string;
  readonly method: SignMethod;
  /** Integer, drawn for each request. */
  readonly nonce: number;
  /** Unix seconds. */
  readonly atS: number;
}

/** Returns the device entry of a `bind` request. */
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
