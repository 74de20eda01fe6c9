/**
 * Texts for TLS errors: the certificate of the hub, its problem, and the remedy. Pure. The codes are those of OpenSSL's
 * X509_verify_cert_error_string(3) and of the alerts of RFC 8446 §6.2, as Node spells them.
 */
import type { X509Certificate } from 'node:crypto';
import { CLOCK_FLOOR_MS } from '../../base/clock-trust.ts';
import { explainSocketError, peerOf } from '../tcp.ts';

export interface TlsSight {
  readonly host: string;
  readonly port: number;
  /** Words after `host:port`, as in `TcpOptions`. */
  readonly via?: string;
  /** Name that the hub's certificate must have. `undefined` with a shared key. */
  readonly serverName?: string;
  readonly identity?: string;
  /** Key of the configuration for the file of authorities. Default: the key of the hub. */
  readonly caKey?: string | undefined;
  readonly wallMs: () => number;
  /** Certificates of the hub, its own first. Empty if none was received. */
  readonly chain: readonly X509Certificate[];
  /** The handshake was completed. */
  readonly hasShaken: boolean;
}

/** Largest length of the names shown. A certificate may have hundreds; the first few identify it. */
const NAMES_LENGTH_MAX = 200;

export const PIN_MISSED = 'HOLDFAST_PIN_MISSED';

export function explainTlsError(error: Error, sight: TlsSight): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const words = certificateWords(code, error, sight) ?? handshakeWords(code, sight) ?? alertWords(code);
  const peer = peerOf(sight);
  // names come from the peer: they must not move the cursor or fill the screen
  if (words !== undefined) return `${peer} ${words.replace(/\p{Cc}/gu, '?')}`;
  return code.startsWith('ERR_SSL_') ? `${peer} broke off TLS: ${code}` : explainSocketError(peer, error);
}

function certificateWords(
  code: string,
  error: Error,
  { chain, serverName, wallMs, caKey }: TlsSight,
): string | undefined {
  const [own] = chain;
  const clock = `the clock of this machine reads ${day(wallMs())}`;
  switch (code) {
    case 'CERT_NOT_YET_VALID': {
      const late = chain.find((one) => one.validFromDate.getTime() > wallMs()) ?? own;
      const since = `has a certificate that is not valid before ${late === undefined ? '?' : day(late.validFromDate)}, and ${clock}`;
      const isUnset = wallMs() < CLOCK_FLOOR_MS;
      return isUnset
        ? `${since}: it is not set; the gateway tries again until it is`
        : `${since}: is that time correct?`;
    }
    case 'CERT_HAS_EXPIRED': {
      const old = chain.find((one) => one.validToDate.getTime() < wallMs()) ?? own;
      if (old === undefined) return 'has a certificate that has expired';
      const which = old === own ? 'a certificate' : `an issuer certificate, ${name(old.subject)},`;
      return `has ${which} that expired on ${day(old.validToDate)}, and ${clock}`;
    }
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
    case 'INVALID_CA': {
      const issuer = name(chain.at(-1)?.issuer);
      return `has a certificate by an authority that is not trusted, ${issuer}: set ${caKey ?? 'tls_ca_file'} to its certificate`;
    }
    case 'ERR_TLS_CERT_ALTNAME_INVALID': {
      const names = own?.subjectAltName?.replaceAll('DNS:', '').replaceAll('IP Address:', '') ?? name(own?.subject);
      return `has a certificate for ${names.slice(0, NAMES_LENGTH_MAX)}, not for ${serverName}`;
    }
    case PIN_MISSED:
      return `has a public key that is not in tls_pins: its SHA-256 is ${error.message}`;
    default:
      return undefined;
  }
}

function handshakeWords(code: string, { hasShaken, port, identity }: TlsSight): string | undefined {
  switch (code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      return `does not answer in TLS: is ${port} the right port?`;
    case 'EPIPE':
    case 'ECONNRESET':
      return hasShaken ? undefined : `closed the connection during the TLS handshake: does port ${port} speak TLS?`;
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return 'does not speak TLS 1.2 or later: it must be updated';
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY':
      return `does not know the identity ${identity}: check product_id and device_name`;
    case 'ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC':
    case 'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR':
      return identity === undefined
        ? undefined
        : 'has another key for this gateway: check the secret in device_secret_file';
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
    case 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE':
      return identity === undefined
        ? 'rejected the TLS handshake: it may require a client certificate (tls_certificate_file)'
        : 'rejected the TLS handshake: it may not offer TLS-PSK on this port';
    default:
      return undefined;
  }
}

/** Alerts of the hub about the client certificate. */
const ALERTS: readonly (readonly [ending: string, words: string])[] = [
  ['CERTIFICATE_REQUIRED', 'requires a client certificate: set tls_certificate_file and tls_key_file'],
  ['BAD_CERTIFICATE', 'rejected the client certificate as damaged or unknown'],
  ['UNSUPPORTED_CERTIFICATE', 'rejected the client certificate: its type is not supported'],
  ['CERTIFICATE_REVOKED', 'rejected the client certificate: it was revoked'],
  ['CERTIFICATE_EXPIRED', 'rejected the client certificate: it has expired'],
  ['CERTIFICATE_UNKNOWN', 'rejected the client certificate'],
  ['UNKNOWN_CA', 'rejected the client certificate: the hub does not know its issuer'],
  ['ACCESS_DENIED', 'rejected the client certificate: it is valid, but has no permission to connect'],
];

function alertWords(code: string): string | undefined {
  return ALERTS.find(([ending]) => code.endsWith(`_ALERT_${ending}`))?.[1];
}

function day(time: Date | number): string {
  const ms = Number(time);
  return Number.isNaN(ms) ? 'an unreadable day' : new Date(ms).toISOString().slice(0, 10);
}

/** Returns a name on one line. OpenSSL puts each part of a name on a line of its own. */
function name(parts: string | undefined): string {
  return parts === undefined ? 'an unknown one' : `"${parts.split('\n').join(', ')}"`;
}

/** Subject and end date of a certificate, e.g. `CN=gw-7 until 2027-03-01`. */
export function nameWithEnd({ subject, validToDate }: X509Certificate): string {
  const name = (subject ?? 'a certificate without a name')
    .split('\n')
    .join(', ')
    .replace(/\p{Cc}/gu, '?');
  return `${name} until ${validToDate.toISOString().slice(0, 10)}`;
}

const DAY_MS = 86_400_000;

/** Days until the certificate ends; negative: ended. @param wallMs Unix ms */
export function daysLeft({ validToDate }: X509Certificate, wallMs: number): number {
  return Math.floor((validToDate.getTime() - wallMs) / DAY_MS);
}
