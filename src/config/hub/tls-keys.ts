/** The keys of TLS in the hub section. What must hold between them is in `tls-rules.ts`. */
import { z } from 'zod';
import { absolutePath, means, text } from '../kinds/key-kinds.ts';

const SERVER_NAME = text(/^[A-Za-z0-9._-]{1,253}$/, 'host name');
/** 32 bytes, of a DER SubjectPublicKeyInfo (RFC 7469 §2.4). */
const PIN = text(/^[A-Za-z0-9+/]{43}=$/, 'SHA-256 in base64');

export const TLS_KEYS = {
  tls: z
    .enum(['off', 'on', 'psk'])
    .default('off')
    .meta(means('on: TLS 1.2 or later, the hub proves itself by certificate. psk: by the device secret, TLS 1.2.')),
  tls_ca_file: absolutePath()
    .optional()
    .meta(means('Certificates of the authorities that are trusted, PEM. With tls = "on".', 'those of this machine')),
  tls_server_name: SERVER_NAME.optional().meta(
    means('Name that the certificate of the hub must have. With tls = "on".', 'hub.host'),
  ),
  tls_certificate_file: absolutePath()
    .optional()
    .meta(means('Certificate of this gateway and those between it and its authority, PEM. With tls = "on".')),
  tls_key_file: absolutePath()
    .optional()
    .meta(means('Private key of that certificate, PEM, without passphrase, readable by its owner only.')),
  tls_pins: z
    .array(PIN)
    .max(10)
    .default([])
    .meta(means('SHA-256 of the public keys that the hub may have, at least two. Empty = any. With tls = "on".')),
} as const;
