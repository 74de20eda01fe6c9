/**
 * TLS connections behind the `OpenChannel` port, for a hub that is reached over a network with possible attackers.
 *
 * The hub proves its identity in one of two ways. With a certificate: the chain, the dates, the name, and the public
 * key if pins are configured. With a shared key (TLS-PSK): no certificate is sent, and the handshake fails for a peer
 * without the key. No option and no environment variable disables this check. While the time of day is unknown,
 * connections are tried again until the clock is set.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Channel, ChannelListener, OpenChannel } from '../../ports.ts';
import { SocketChannel, type TcpOptions } from '../tcp.ts';
import type { TlsFiles } from './tls-files.ts';
import { explainTlsError, PIN_MISSED } from './tls-words.ts';

export interface TlsOptions extends TcpOptions {
  /** Name that the hub's certificate must have. Also sent to the hub in the handshake (RFC 6066 §3). */
  readonly serverName: string;
  /** Base64 SHA-256 of the allowed public keys of the hub (RFC 7469 §2.4). Empty: any. */
  readonly pins: readonly string[];
  readonly files: TlsFiles;
  /** Key of the configuration for the file of authorities, in texts. Default: the key of the hub. */
  readonly caKey?: string | undefined;
  /** Unix ms of the untrusted machine clock. Used only in texts. */
  readonly wallMs: () => number;
  /** Called with the certificates of the hub, its own first, and the version of TLS, before they are checked. */
  readonly onCertificates?: ((chain: readonly X509Certificate[], version: string) => void) | undefined;
}

export interface TlsPskOptions extends TcpOptions {
  readonly identity: string;
  readonly key: Uint8Array;
  readonly wallMs: () => number;
}

/** TLS connection whose handshake has begun. The event `secureConnect` follows, or `error`. */
export interface SecuredSocket {
  readonly socket: TLSSocket;
  /** Returns the text for an error of the socket. */
  readonly explain: (error: Error) => string;
}

/**
 * Begins a handshake: over `lower`, an open TCP connection, or else over a connection of its own. A text: the reason why
 * that is not possible.
 */
export type Secure = (lower?: Socket) => SecuredSocket | string;

export function secureByCertificate(options: TlsOptions): Secure {
  const { host, port, serverName, pins, files } = options;
  return (lower) => {
    const secureContext = files.context();
    if (secureContext === undefined) return `no connection: ${files.problem}`;
    const socket = connect({
      ...(lower === undefined ? { host, port } : { socket: lower }),
      secureContext,
      // set explicitly, since NODE_TLS_REJECT_UNAUTHORIZED would apply otherwise
      rejectUnauthorized: true,
      servername: isIP(serverName) === 0 ? serverName : '',
      checkServerIdentity: (_, certificate) =>
        checkServerIdentity(serverName, certificate) ?? checkPins(pins, certificate),
    });
    return securedSocket(socket, options);
  };
}

export function openTls(options: TlsOptions): OpenChannel {
  return openSecured(options, secureByCertificate(options));
}

/** Cipher suites of the vendor's SDK, stronger first. They exist up to TLS 1.2. */
const PSK_SUITES = {
  ciphers: 'PSK-AES256-CBC-SHA:PSK-AES128-CBC-SHA',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

export function secureByKey(options: TlsPskOptions): Secure {
  const { host, port, identity, key } = options;
  return (lower) => {
    const socket = connect({
      ...(lower === undefined ? { host, port } : { socket: lower }),
      ...PSK_SUITES,
      rejectUnauthorized: true,
      pskCallback: () => ({ identity, psk: key }),
      checkServerIdentity: () => undefined, // neither suite sends a certificate
    });
    return securedSocket(socket, options);
  };
}

/** Returns why this OpenSSL does not support TLS-PSK. `undefined`: supported, as with the Node of the release. */
export function pskProblem(): string | undefined {
  try {
    createSecureContext(PSK_SUITES);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Opens connections directly, without a proxy. */
export function openSecured(options: TcpOptions, secure: Secure): OpenChannel {
  return (listener) => {
    const secured = secure();
    if (typeof secured === 'string') return failedChannel(secured, listener);
    return new SocketChannel({ ...options, ...secured, connectedEvent: 'secureConnect' }, listener);
  };
}

function securedSocket(socket: TLSSocket, options: TlsOptions | TlsPskOptions): SecuredSocket {
  let chain: readonly X509Certificate[] = [];
  let hasShaken = false;
  socket.setNoDelay(true);
  // runs before Node's own listener, because that listener checks the certificates, drops them and keeps only an error
  // code
  socket.prependListener('secure', () => {
    hasShaken = true;
    chain = chainOf(socket.getPeerCertificate(true));
    if ('onCertificates' in options) options.onCertificates?.(chain, socket.getProtocol() ?? 'TLS');
  });
  return { socket, explain: (error) => explainTlsError(error, { ...options, chain, hasShaken }) };
}

/** Largest length of a chain. Real chains are shorter. */
const CHAIN_MAX = 10;

/** Returns the certificates of the hub, its own first. Empty with TLS-PSK. */
function chainOf(own: Partial<ReturnType<TLSSocket['getPeerCertificate']>>): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: Partial<PeerCertificate> & { readonly issuerCertificate?: PeerCertificate } = own;
  while (next.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(new X509Certificate(next.raw));
    const above = next.issuerCertificate;
    if (above === undefined || above === next) break;
    next = above;
  }
  return chain;
}

/**
 * Checks only the key of the hub's own certificate. The certificates above it prove nothing here, because any peer with
 * a certificate can add a foreign one to its chain.
 */
function checkPins(pins: readonly string[], certificate: PeerCertificate): Error | undefined {
  if (pins.length === 0) return undefined;
  const key = new X509Certificate(certificate.raw).publicKey.export({ type: 'spki', format: 'der' });
  const pin = createHash('sha256').update(key).digest('base64');
  return pins.includes(pin) ? undefined : Object.assign(new Error(pin), { code: PIN_MISSED });
}

function failedChannel(reason: string, listener: ChannelListener): Channel {
  setImmediate(() => listener.closed(reason));
  return { queuedBytes: 0, write: () => undefined, close: () => undefined };
}
