/** TLS keys of the hub section. The rules across them are in `tls-rules.ts`. */
import { z } from 'zod';
import { absolutePath, means, text } from '../kinds/key-kinds.ts';

const SERVER_NAME = text(/^[A-Za-z0-9._-]{1,253}$/, 'host name');
/** Base64 of the SHA-256 (32 bytes) of a DER SubjectPublicKeyInfo (RFC 7469 §2.4). */
const PIN = text(/^[A-Za-z0-9+/]{43}=$/, 'SHA-256 in base64');

export const TLS_KEYS = {
  tls: z
    .enum(['off', 'on', 'psk'])
    .default('off')
    .meta(
      means('on: TLS 1.2 or later, with a hub certificate. psk: TLS 1.2, with the device secret as pre-shared key.'),
    ),
  tls_ca_file: absolutePath()
    .optional()
    .meta(means('PEM file with the trusted CA certificates. With tls = "on".', 'CA certificates of the system')),
  tls_server_name: SERVER_NAME.optional().meta(
    means('Host name that the certificate of the hub must contain. With tls = "on".', 'hub.host'),
  ),
  tls_certificate_file: absolutePath()
    .optional()
    .meta(means('PEM file with the client certificate and its intermediate CA certificates. With tls = "on".')),
  tls_key_file: absolutePath()
    .optional()
    .meta(means('PEM file with the private key of that certificate, without passphrase, readable by its owner only.')),
  tls_pins: z
    .array(PIN)
    .max(10)
    .default([])
    .meta(means('SHA-256 of each accepted public key of the hub, at least two. Empty = any key. With tls = "on".')),
} as const;
