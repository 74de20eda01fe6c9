/**
 * Checks the signature of a `bind`, which has its own convention: base64 of the raw HMAC under the device secret as it is
 * spelled, not decoded (a CONNECT uses hex, and the decoded one).
 *
 * Source: "Topology management" (1105/41828, 1081/47441); hub contract §3.3.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { RegisteredDevice } from './device-registry.ts';
import { RESULT } from './service-result-codes.ts';

/** `random` and `timestamp` (Unix s) are numbers in the documents, and signed as they are spelled. */
const Proof = z.object({
  signature: z.string().min(1),
  random: z.int(),
  timestamp: z.int().min(0),
  signmethod: z.string(),
  authtype: z.enum(['psk', 'certificate']),
});

interface Check {
  readonly subdevice: RegisteredDevice;
  /** As the hub knows it; `undefined`: an open hub that was told none, which believes every signature. */
  readonly secret: string | undefined;
  readonly signatureS: number;
  readonly wallMs: number;
}

/** The result code of what a `bind` says about one device; `proof` is its object as it came. */
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
