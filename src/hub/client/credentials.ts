/**
 * Credentials of CONNECT.
 *
 * The hub's device signature has the user name `{product}{device};{sdkappid};{connid};{expiry}`. Its password is the
 * lower-case hex HMAC of that user name under the base64-decoded device secret, followed by the name of the method.
 * Source: the hub's public page "Connecting over MQTT/TCP"; the vectors are in
 * test/unit/hub/client/hub-credentials.test.ts.
 */

import { createHmac } from 'node:crypto';
import { CLOCK_FLOOR_MS } from '../../base/clock-trust.ts';
import type { HubIdentity, SignMethod } from '../../base/hub-identity.ts';

export interface Credentials {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

export interface Signing extends HubIdentity {
  /** Base64, as shown by the hub's console. */
  readonly deviceSecret: string;
  readonly method: SignMethod;
}

type NamedDevice = Credentials & { readonly username: string };

/** Constant of the hub. Source: the hub's documentation and its Java SDK. */
const SDK_APP_ID = '12010126';
const CONNECTION_ID_CHARACTERS = 5;
const ALPHANUMERICS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Lifetime of a signature. Each CONNECT has a new signature; a day covers every tolerable difference of clocks. */
const EXPIRY_S = 86_400;
/** Value of the vendor's Java SDK for "never": the only valid expiry while the time is unknown. */
const NEVER_S = 2_147_483_647;

/** @param wallMs Unix ms; `undefined`: the time is unknown; @param random uniform in [0, 1) */
export function signCredentials(signing: Signing, wallMs: number | undefined, random: () => number): Credentials {
  const named = nameDevice(signing, wallMs, random);
  return { ...named, password: new TextEncoder().encode(signPassword(signing, named.username)) };
}

/** Credentials for TLS with a client certificate or a key: the vendor's SDK sends only a user name then. */
export function nameDevice(device: HubIdentity, wallMs: number | undefined, random: () => number): NamedDevice {
  const expiryS = expiryOf(wallMs);
  let connectionId = '';
  for (let index = 0; index < CONNECTION_ID_CHARACTERS; index += 1) {
    connectionId += ALPHANUMERICS[Math.floor(random() * ALPHANUMERICS.length)] ?? '0';
  }
  const clientId = device.productId + device.deviceName;
  return { clientId, username: `${clientId};${SDK_APP_ID};${connectionId};${expiryS}`, password: undefined };
}

function expiryOf(wallMs: number | undefined): number {
  if (wallMs === undefined || wallMs < CLOCK_FLOOR_MS) return NEVER_S;
  return Math.min(Math.floor(wallMs / 1000) + EXPIRY_S, NEVER_S); // a wall clock in 2050 must not overflow the field
}

/** Returns `{hex HMAC};{method}` of the user name. */
export function signPassword(signing: Pick<Signing, 'deviceSecret' | 'method'>, username: string): string {
  const digest = signing.method === 'hmacsha256' ? 'sha256' : 'sha1';
  const key = Buffer.from(signing.deviceSecret, 'base64');
  return `${createHmac(digest, key).update(username).digest('hex')};${signing.method}`;
}
