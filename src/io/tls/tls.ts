/**
 * TLS connections behind the `OpenChannel` port: the way to the hub where others might listen or pretend.
 *
 * Two ways to know the hub. By certificate: its chain, its dates, its name, and its key if there are pins. By a shared
 * key (TLS-PSK), where no certificate is shown and whoever does not hold the key ends the handshake. Nothing here, and
 * no environment variable, lets a hub in that did not prove itself; without the time of day it is tried again until the
 * clock is set.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Channel, ChannelListener, OpenChannel } from '../../ports.ts';
import { SocketChannel, type TcpOptions } from '../tcp.ts';
import type { TlsFiles } from './tls-files.ts';
import { explainTlsError, PIN_MISSED } from './tls-words.ts';

export interface TlsOptions extends TcpOptions {
  /** What the hub's certificate must be for, and what it is asked for by (RFC 6066 §3). */
  readonly serverName: string;
  /** Base64 SHA-256 of the public keys that the hub may have (RFC 7469 §2.4); empty: any. */
  readonly pins: readonly string[];
  readonly files: TlsFiles;
  /** Unix ms, as untrusted as the machine's clock; only for words. */
  readonly wallMs: () => number;
}

export interface TlsPskOptions extends TcpOptions {
  readonly identity: string;
  readonly key: Uint8Array;
  readonly wallMs: () => number;
}

export function openTls(options: TlsOptions): OpenChannel {
  const { host, port, serverName, pins, files } = options;
  return (listener) => {
    const secureContext = files.context();
    if (secureContext === undefined) return failedChannel(`no connection: ${files.problem}`, listener);
    const socket = connect({
      host,
      port,
      secureContext,
      // said aloud, since NODE_TLS_REJECT_UNAUTHORIZED would be heard otherwise
      rejectUnauthorized: true,
      servername: isIP(serverName) === 0 ? serverName : '',
      checkServerIdentity: (_, certificate) =>
        checkServerIdentity(serverName, certificate) ?? checkPins(pins, certificate),
    });
    return channelOver(socket, options, listener);
  };
}

/** The suites of the vendor's SDK (hub contract §1.3), stronger first. They exist up to TLS 1.2. */
const PSK_SUITES = {
  ciphers: 'PSK-AES256-CBC-SHA:PSK-AES128-CBC-SHA',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

export function openTlsPsk(options: TlsPskOptions): OpenChannel {
  const { host, port, identity, key } = options;
  return (listener) => {
    const socket = connect({
      ...{ host, port, ...PSK_SUITES },
      rejectUnauthorized: true,
      pskCallback: () => ({ identity, psk: key }),
      checkServerIdentity: () => undefined, // no suite of the two shows a certificate
    });
    return channelOver(socket, options, listener);
  };
}

/** Why this OpenSSL cannot do TLS-PSK; `undefined`: it can. Those we ship with can. */
export function pskProblem(): string | undefined {
  try {
    createSecureContext(PSK_SUITES);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function channelOver(socket: TLSSocket, options: TlsOptions | TlsPskOptions, listener: ChannelListener): Channel {
  let chain: readonly X509Certificate[] = [];
  let hasShaken = false;
  socket.setNoDelay(true);
  // Before Node's own listener, which judges the certificates, throws them away and tells a code only.
  socket.prependListener('secure', () => {
    hasShaken = true;
    chain = chainOf(socket.getPeerCertificate(true));
  });
  const explain = (error: Error): string => explainTlsError(error, { ...options, chain, hasShaken });
  return new SocketChannel({ ...options, socket, connectedEvent: 'secureConnect', explain }, listener);
}

/** Longer ones are nobody's. */
const CHAIN_MAX = 10;

/** What the hub showed, its own first. With TLS-PSK nothing. */
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

/** The hub's own key only: whoever has a certificate can show a chain with anybody's above it. */
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
