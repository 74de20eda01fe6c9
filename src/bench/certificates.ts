/**
 * Certificate authority for the bench: writes X.509 certificates that are valid, or invalid in one chosen way. For
 * tests and experiments only, never for a production hub: its keys are generated at run time and stored unprotected.
 *
 * Source: RFC 5280 §4.1 (certificate), §4.2.1.6 (names), §4.2.1.9 (authority); X.690 §8 and §10 (DER); RFC 5480
 * (ECDSA).
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface CertificatePlan {
  readonly commonName: string;
  /** DNS names and IPv4 addresses of the certificate. */
  readonly names?: readonly string[];
  readonly from?: Date;
  readonly until?: Date;
}

/** Certificate and key, both PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

export class Authority {
  readonly certificate: string;
  readonly #commonName: string;
  readonly #key: KeyObject;

  constructor(commonName: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#commonName = commonName;
    this.#key = privateKey;
    const isAuthority = extension('551d13', sequence(boolean(true)), 'critical');
    this.certificate = this.#sign({ commonName }, publicKey, [isAuthority]);
  }

  issue(plan: CertificatePlan): Issued {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = (plan.names ?? []).map((name) =>
      isIPv4(name) ? tlv(0x87, Buffer.from(name.split('.').map(Number))) : tlv(0x82, Buffer.from(name)),
    );
    const extensions = names.length === 0 ? [] : [extension('551d11', sequence(...names))];
    return {
      certificate: this.#sign(plan, publicKey, extensions),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  /** Signs a certificate. Valid from yesterday for a year unless the plan differs. */
  #sign(plan: CertificatePlan, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const from = plan.from ?? new Date(Date.now() - DAY_MS);
    const until = plan.until ?? new Date(from.getTime() + 366 * DAY_MS);
    const body = sequence(
      tlv(0xa0, integer(Buffer.from([2]))), // version 3
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ECDSA_WITH_SHA256,
      distinguishedName(this.#commonName),
      sequence(time(from), time(until)),
      distinguishedName(plan.commonName),
      publicKey.export({ type: 'spki', format: 'der' }),
      ...(extensions.length === 0 ? [] : [tlv(0xa3, sequence(...extensions))]),
    );
    const signature = sign('sha256', body, this.#key);
    const text = sequence(body, ECDSA_WITH_SHA256, bitString(signature)).toString('base64');
    const lines = text.match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  }
}

/** Encodes one value as X.690 §8.1 requires: identifier, length, contents. */
function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...long]), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => tlv(0x30, ...contents);
/** @param bytes a positive number: the first byte is less than 0x80 */
const integer = (bytes: Uint8Array): Buffer => tlv(0x02, bytes);
const boolean = (is: boolean): Buffer => tlv(0x01, Buffer.from([is ? 0xff : 0]));
const bitString = (bytes: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), bytes);
const objectId = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));

/** Object identifier of the algorithm: ecdsa-with-SHA256, 1.2.840.10045.4.3.2. */
const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'));

/** Returns a distinguished name with a common name (CN, 2.5.4.3) only. */
function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId('550403'), tlv(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer, weight?: 'critical'): Buffer {
  return sequence(objectId(id), ...(weight === undefined ? [] : [boolean(true)]), tlv(0x04, value));
}

/** Encodes a time: as UTCTime until 2049, as GeneralizedTime after that year (RFC 5280 §4.1.2.5). */
function time(at: Date): Buffer {
  const digits = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return at.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}
