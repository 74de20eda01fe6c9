/**
 * Check of the signature of a `bind`, which has its own convention: base64 of the raw HMAC, with the device secret as
 * written, not decoded (a CONNECT uses hex and the decoded secret).
 *
 * Source: the IoT hub's page "Topology management" (1105/41828, 1081/47441).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { RegisteredDevice } from './device-registry.ts';
import { RESULT } from './service-result-codes.ts';

/** `random` and `timestamp` (Unix s) are numbers in the documents and are signed as written. */
const Proof = z.object({
  signature: z.string().min(1),
  random: z.int(),
  timestamp: z.int().min(0),
  signmethod: z.string(),
  authtype: z.enum(['psk', 'certificate']),
});

interface Check {
  readonly subdevice: RegisteredDevice;
  /** Secret known to the hub. `undefined`: an open hub without a secret, which accepts every signature. */
  readonly secret: string | undefined;
  readonly signatureS: number;
  readonly wallMs: number;
}

/** Returns the result code for one device of a `bind`. `proof` is the object of that device as received. */
export function bindSignatureResult(proof: unknown, check: Check): number {
  const parsed = Proof.safeParse(proof);
  if (!parsed.success) return RESULT.parameterError;
  const { signature, random, timestamp, signmethod, authtype } = parsed.data;
  const algorithm = signmethod === 'hmacsha1' ? 'sha1' : signmethod === 'hmacsha256' ? 'sha256' : undefined;
  if (algorithm === undefined) return RESULT.methodUnsupported;
  if ((timestamp + check.signatureS) * 1000 < check.wallMs) return RESULT.signatureExpired;
  if (check.secret === undefined) return RESULT.done;
  // The devices of this hub have secrets and no certificates.
  if (authtype === 'certificate') return RESULT.signatureWrong;
  const { product, device } = check.subdevice;
  const text = `${product}${device};${random};${timestamp}`;
  const expected = Buffer.from(createHmac(algorithm, check.secret).update(text).digest('base64'));
  const actual = Buffer.from(signature);
  return expected.length === actual.length && timingSafeEqual(expected, actual) ? RESULT.done : RESULT.signatureWrong;
}
