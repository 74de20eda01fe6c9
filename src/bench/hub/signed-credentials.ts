/**
 * Check of the signed credentials of a CONNECT, as the hub documents them for key devices.
 *
 * UserName is `{clientId};{sdkappid};{connid};{expiry}`, expiry in Unix seconds. Password is `{token};hmacsha256` or
 * `{token};hmacsha1`; token is the lowercase hex HMAC of the UserName with the base64-decoded device secret. Pure: the
 * time is an argument.
 *
 * Source: the IoT hub's page "Connecting over MQTT/TCP" (1105/41824); users have published the return codes.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ConnackCode, Connect } from '../../codec/mqtt.ts';

/**
 * Return code for the credentials of a CONNECT. The real hub returned 3 for a device unknown to the hub, and 4 for a
 * wrong or expired password.
 */
export function credentialCode(connect: Connect, secrets: ReadonlyMap<string, string>, wallMs: number): ConnackCode {
  const secret = secrets.get(connect.clientId);
  if (secret === undefined) return 3;
  const username = connect.username ?? '';
  const [clientId, , , expiry, ...rest] = username.split(';');
  if (clientId !== connect.clientId || expiry === undefined || rest.length > 0) return 4;
  if (!/^\d{1,20}$/.test(expiry) || Number(expiry) * 1000 < wallMs) return 4;
  const [token, method] = Buffer.from(connect.password ?? [])
    .toString('latin1')
    .split(';');
  const algorithm = method === 'hmacsha256' ? 'sha256' : method === 'hmacsha1' ? 'sha1' : undefined;
  if (algorithm === undefined) return 4;
  const expected = Buffer.from(createHmac(algorithm, Buffer.from(secret, 'base64')).update(username).digest('hex'));
  const actual = Buffer.from(token ?? '');
  return expected.length === actual.length && timingSafeEqual(expected, actual) ? 0 : 4;
}
