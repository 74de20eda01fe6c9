/**
 * TLS port of the bench hub: one port accepts certificates and pre-shared keys, as port 8883 of the IoT hub does.
 *
 * A client proves its client id by a client certificate (the common name is the client id) or by its device secret as
 * the pre-shared key (the identity is the client id). Any other client must prove its client id in CONNECT.
 *
 * Source: the IoT hub's documents on TLS connections. The common name as client id is our choice.
 */
import type { Server, Socket } from 'node:net';
import { createServer, DEFAULT_CIPHERS } from 'node:tls';

export interface TlsServer {
  /** 0: any free port, see `tlsPort`. */
  readonly port: number;
  /** Certificate, key and authority in PEM. `authority` signs the client certificates. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** Highest TLS version. Absent: Node's own limit, which allows 1.2 and 1.3. */
  readonly maxVersion?: 'TLSv1.2';
}

/**
 * Cipher suites: those of Node, and the two suites of the hub. The end of Node's list excludes TLS-PSK, so that
 * exclusion is removed.
 */
const SUITES = `${DEFAULT_CIPHERS.replace(':!PSK', '')}:PSK-AES256-CBC-SHA:PSK-AES128-CBC-SHA`;

/**
 * @param secrets client id → device secret in base64
 * @param accept called with the client id proved by TLS
 */
export function createTlsServer(
  door: TlsServer,
  secrets: ReadonlyMap<string, string>,
  accept: (socket: Socket, proven: string | undefined) => void,
): Server {
  const identities = new WeakMap<Socket, string>();
  const server = createServer({
    cert: door.certificate,
    key: door.key,
    ca: door.authority,
    noDelay: true,
    ...(door.maxVersion === undefined ? {} : { maxVersion: door.maxVersion }),
    ciphers: SUITES,
    // a client certificate is optional; a certificate of an unknown authority is rejected below
    requestCert: true,
    rejectUnauthorized: false,
    pskCallback: (socket, identity) => {
      const secret = secrets.get(identity);
      if (secret === undefined) return null;
      identities.set(socket, identity);
      return Buffer.from(secret, 'base64');
    },
  });
  server.on('secureConnection', (socket) => {
    const { subject } = socket.getPeerCertificate();
    if (subject === undefined) accept(socket, identities.get(socket));
    else if (socket.authorized && typeof subject.CN === 'string') accept(socket, subject.CN);
    else socket.destroy();
  });
  return server;
}
