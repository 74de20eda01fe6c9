/**
 * Protocol of a server that is not an MQTT broker, recognised by the first bytes that it sends. Pure.
 *
 * Sources: RFC 9112 §4 (HTTP status line), RFC 8446 §5.1 (TLS record), RFC 4253 §4.2 (SSH), RFC 5321 §4.2 and RFC 959
 * §4.2 (replies of SMTP and FTP), RFC 1939 §3 (POP3), RFC 3501 §7.1 (IMAP), AMQP 0-9-1 §4.2.2.
 */

/** Bytes from the start of a connection that are enough to name a protocol. */
export const GREETING_BYTES_MAX = 64;

const GREETINGS: readonly (readonly [pattern: RegExp, protocol: string])[] = [
  [/^HTTP\/\d/, 'HTTP'],
  [/^\s*<(!doctype|html|\?xml|head)/i, 'HTTP'],
  [/^SSH-\d/, 'SSH'],
  [/^(220|421|554)[ -].*(SMTP|mail)/i, 'SMTP'],
  [/^(220|421)[ -].*FTP/i, 'FTP'],
  [/^(220|421|554)[ -]/, 'SMTP or FTP'],
  [/^\+OK/, 'POP3'],
  [/^\* (OK|BYE)/, 'IMAP'],
  [/^AMQP/, 'AMQP'],
  // TLS record: content type alert or handshake, version 3.x
  [/^[\x15\x16]\x03[\x00-\x04]/, 'TLS'],
];

/** @param head first bytes of the connection; @returns `undefined`: unknown protocol, or not enough bytes yet */
export function otherProtocol(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  return GREETINGS.find(([pattern]) => pattern.test(text))?.[1];
}

/** Largest number of received bytes that are shown. */
const SHOWN_BYTES_MAX = 16;

/** Received bytes as text: `"SSH-2.0"` for printable ASCII, `97 3a 00 …` for other bytes. */
export function bytesSample(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES_MAX));
  const more = bytes.length > SHOWN_BYTES_MAX ? ' …' : '';
  const text = shown.toString('latin1').trimEnd();
  if (/^[\x20-\x7e]{4,}$/.test(text)) return `"${text}"${more}`;
  return `${[...shown].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}${more}`;
}
