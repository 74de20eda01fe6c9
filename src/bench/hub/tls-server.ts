/**
 * The TLS door of the bench hub: certificates and shared keys at one port, as the IoT hub has them on 8883.
 *
 * Who has proved by its client certificate (common name = client id) or by its device secret as the key (identity =
 * client id) which device it is, comes in under that name; who has proved nothing must do so in CONNECT.
 *
 * Source: hub contract §1.3; that the common name is the client id is ours.
 */
import type { Server, Socket } from 'node:net';
import { createServer, DEFAULT_CIPHERS } from 'node:tls';

export interface TlsServer {
  /** 0: any free one, see `tlsPort`. */
  readonly port: number;
  /** PEM; the authority is the one of the clients. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** Defaults to what Node allows, which is 1.2 and 1.3. */
  readonly maxVersion?: 'TLSv1.2';
}

/** Node's own, which end in a ban on TLS-PSK, without it; and the two that the hub has. */
const SUITES = `${DEFAULT_CIPHERS.replace(':!PSK', '')}:PSK-AES256-CBC-SHA:PSK-AES128-CBC-SHA`;

/** @param secrets client id → device secret in base64 @param accept called with the client id that TLS has proved */
export function createTlsServer(
  door: TlsServer,
  secrets: ReadonlyMap<string, string>,
  accept: (socket: Socket, proven: string | undefined) => void,
): Server {
  const identities = new WeakMap<Socket, string>();
  const server = createServer({
    ...{ cert: door.certificate, key: door.key, ca: door.authority, noDelay: true },
    ...(door.maxVersion === undefined ? {} : { maxVersion: door.maxVersion }),
    ciphers: SUITES,
    // a certificate is welcome, not wanted; one of somebody else's authority is turned away below
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
